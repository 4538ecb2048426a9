"""Photos and videos made fit to be shown."""

from appservice.domain.report import Unfit
from appservice.files.media.photos import PillowPhotos
from appservice.files.media.videos import ApartVideos
from bridges.protocol import Attachment

__all__ = ["ApartVideos", "CleanMedia", "PillowPhotos"]


class CleanMedia:
    """Implements `ports.Media`: each kind by whoever knows it, and no other kind."""

    def __init__(self) -> None:
        self._photos, self._videos = PillowPhotos(), ApartVideos()

    async def clean(self, attachment: Attachment) -> Attachment | Unfit:
        family = attachment.content_type.partition("/")[0].lower()
        if family not in {"image", "video"}:
            return Unfit.KIND
        if not attachment.data:
            return Unfit.MISSING
        cleaner = self._photos if family == "image" else self._videos
        return await cleaner.clean(attachment)
