"""What watches telephones outlives a database that does not answer."""

import asyncio
from collections.abc import Coroutine
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from support.story import Story, until

from appservice.domain.errors import TemporaryFailure
from appservice.flows.departure import live
from appservice.flows.telephone import consent


@dataclass
class OnceDown:
    """Refuses the first transaction, then lends another store's."""

    behind: Any
    asked: int = 0

    def transaction(self) -> AbstractAsyncContextManager[Any]:
        self.asked += 1
        if self.asked == 1:
            raise TemporaryFailure
        lent: AbstractAsyncContextManager[Any] = self.behind.transaction()
        return lent


async def survives(store: OnceDown, watch: Coroutine[Any, Any, None]) -> None:
    task = asyncio.create_task(watch)
    await until(lambda: store.asked > 1)
    assert not task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_questions_wait_for_the_database(
    story: Story, caplog: pytest.LogCaptureFixture
) -> None:
    store = OnceDown(story.store)
    short = timedelta(milliseconds=1)
    await survives(store, consent.watch(store, story.world, story.clock, short))
    assert "questions by SMS wait: TemporaryFailure" in caplog.text


async def test_progress_waits_for_the_database(
    story: Story, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "_LOOK", timedelta(milliseconds=1))
    store = OnceDown(story.store)
    await survives(store, live.Live(store, story.world, story.clock).run())
    assert "progress of alerts waits: TemporaryFailure" in caplog.text
