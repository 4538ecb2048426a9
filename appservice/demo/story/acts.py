"""The order of the acts."""

from appservice.demo.cast import Cast
from appservice.demo.story import alert, report, talk, town
from appservice.demo.story.script import Script
from appservice.demo.table import StepTable


async def play(cast: Cast, table: StepTable) -> None:
    """Raises StoryFailed, or what a part raised, at the first step that does not hold."""
    script = Script(cast.next_run())
    await town.build(cast, table)
    await town.gather(cast, table)
    await town.keep_out(cast, table)
    await town.drift(cast, table)
    await report.go_up(cast, table, script)
    await alert.come_down(cast, table, script)
    await talk.talk(cast, table, script)
    await talk.part(cast, table)
    await alert.for_everybody(cast, table, script)
