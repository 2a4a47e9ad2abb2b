"""Messages in kombu's tables: each is received once, whoever waits is woken, and nobody needs the server to start."""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest
from kombu import Connection, Exchange, Queue

from skeldir.settings import Settings, broker_url_of
from skeldir.wakeups.celery_app import make_celery
from skeldir.wakeups.mailbox import LOST, MOST_WAITING, Mailbox
from skeldir.wakeups.transport import Transport
from tests.conftest import Clone

AWAY = "postgresql://app_user@/nothing?host=/nowhere&port=5432"


@pytest.fixture
def mailbox(clone: Clone) -> Iterator[Mailbox]:
    with closing(Mailbox(clone.app_url)) as opened:
        yield opened


def drop_connections(clone: Clone) -> None:
    with psycopg.connect(clone.superuser_url) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def test_messages_of_a_queue_come_in_order_and_only_from_those_asked_for(mailbox: Mailbox) -> None:
    for number in range(3):
        mailbox.put("a", f"a{number}")
        mailbox.put("b", f"b{number}")
    assert mailbox.count("a") == 3
    assert [mailbox.receive(["b"]) for _ in range(2)] == [("b", "b0"), ("b", "b1")]
    assert [mailbox.receive(["a"]) for _ in range(4)] == [
        ("a", "a0"),
        ("a", "a1"),
        ("a", "a2"),
        None,
    ]
    assert mailbox.receive(["a", "b"]) == ("b", "b2")
    assert mailbox.receive(["unheard of"]) is None


def test_a_flood_in_one_queue_lets_the_others_pass(mailbox: Mailbox) -> None:
    for number in range(5):
        mailbox.put("flood", f"f{number}")
    mailbox.put("late", "l0")
    mailbox.put("latest", "t0")
    received = [mailbox.receive(["flood", "late", "latest"]) for _ in range(5)]
    assert [payload for _, payload in filter(None, received)] == ["f0", "l0", "f1", "t0", "f2"]


def test_a_queue_holds_only_as_many_hints_as_wake_somebody(mailbox: Mailbox) -> None:
    for number in range(MOST_WAITING + 5):
        mailbox.put("full", str(number))
    mailbox.put("other", "passes")
    assert mailbox.count("full") == MOST_WAITING
    assert mailbox.receive(["full"]) == ("full", "0")
    mailbox.put("full", "again")
    assert (mailbox.count("full"), mailbox.count("other")) == (MOST_WAITING, 1)


def test_a_server_that_takes_no_writes_is_waited_for_and_named_once(
    clone: Clone, mailbox: Mailbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "skeldir.wakeups.mailbox")
    mailbox.put("q", "early")
    mailbox.close()
    with psycopg.connect(clone.superuser_url, autocommit=True) as admin:
        for is_read_only in ("on", "off"):
            admin.execute(
                f"ALTER DATABASE {clone.name} SET default_transaction_read_only = {is_read_only}".encode()
            )
            if is_read_only == "on":
                # Not an error, which Celery would not recover from.
                assert [mailbox.receive(["q"]) for _ in range(3)] == [None] * 3
    assert mailbox.receive(["q"]) == ("q", "early")
    assert [record.getMessage() for record in caplog.records] == [
        "jobs.broker_lost The server takes no writes: it is a standby, or read-only.",
        "jobs.broker_reached",
    ]


def test_each_message_is_received_by_exactly_one_of_many(clone: Clone) -> None:
    sent = [str(number) for number in range(200)]
    received: Counter[str] = Counter()

    def receive_all() -> None:
        with closing(Mailbox(clone.app_url)) as own:
            while (found := own.receive(["q"])) is not None:
                received[found[1]] += 1

    with closing(Mailbox(clone.app_url, most_waiting=len(sent))) as roomy:
        for number in sent:
            roomy.put("q", number)
    receivers = [threading.Thread(target=receive_all) for _ in range(4)]
    for receiver in receivers:
        receiver.start()
    for receiver in receivers:
        receiver.join()
    assert received == Counter(sent)


def test_whoever_waits_is_woken_at_once(clone: Clone, mailbox: Mailbox) -> None:
    assert mailbox.receive(["q"]) is None

    def put_soon() -> None:
        time.sleep(0.2)  # until the other one waits, which nobody can see
        with closing(Mailbox(clone.app_url)) as other:
            other.put("q", "news")

    sender = threading.Thread(target=put_soon)
    began = time.monotonic()
    sender.start()
    mailbox.wait(20)
    assert time.monotonic() - began < 5
    assert mailbox.receive(["q"]) == ("q", "news")
    sender.join()


def test_a_message_that_nobody_received_for_a_minute_is_not_delivered(
    clone: Clone, mailbox: Mailbox
) -> None:
    mailbox.put("q", "old")
    with psycopg.connect(clone.superuser_url) as admin:
        admin.execute(
            """UPDATE celery.kombu_message SET "timestamp" = "timestamp" - interval '61 s'"""
        )
    assert (mailbox.count("q"), mailbox.receive(["q"])) == (0, None)
    mailbox.put("q", "new")
    assert mailbox.receive(["q"]) == ("q", "new")


def test_a_lost_connection_is_replaced(clone: Clone, mailbox: Mailbox) -> None:
    mailbox.put("q", "1")
    drop_connections(clone)
    mailbox.put("q", "2")  # a message must not be lost because the connection was
    drop_connections(clone)
    assert mailbox.receive(["q"]) is None
    assert [mailbox.receive(["q"]), mailbox.receive(["q"])] == [("q", "1"), ("q", "2")]
    drop_connections(clone)
    mailbox.wait(0.1)
    mailbox.wait(0.1)
    assert mailbox.receive(["q"]) is None


def test_while_the_server_is_away_there_is_nothing_to_receive_and_putting_fails() -> None:
    with closing(Mailbox(AWAY)) as mailbox:
        assert mailbox.receive(["q"]) is None
        mailbox.wait(0.01)
        assert mailbox.count("q") == 0
        with pytest.raises(LOST):
            mailbox.put("q", "1")


def test_a_forked_child_leaves_the_connection_of_its_parent_alone(mailbox: Mailbox) -> None:
    mailbox.put("q", "before")
    of_parent = mailbox.connection().info.backend_pid
    child = os.fork()
    if child == 0:
        status = 1
        try:
            mailbox.put("q", "from the child")
            status = int(mailbox.connection().info.backend_pid == of_parent)
            mailbox.close()
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
    assert mailbox.receive(["q"]) == ("q", "before")
    assert mailbox.receive(["q"]) == ("q", "from the child")


def test_kombu_uses_it_for_the_url_of_the_contract(clone: Clone) -> None:
    settings = Settings()
    make_celery(settings, clone.app_url)
    turns: list[float] = []
    with Connection(
        broker_url_of(settings, clone.app_url),
        transport_options={"on_turn": lambda: turns.append(time.monotonic())},
    ) as connection:
        assert isinstance(connection.transport, Transport)
        queue = Queue("greetings", Exchange("greetings"), routing_key="greetings")
        got: list[object] = []
        with connection.Consumer(
            queue, callbacks=[lambda body, message: (got.append(body), message.ack())]
        ):
            with pytest.raises(TimeoutError):
                connection.drain_events(timeout=0.1)
            with connection.Producer() as producer:
                producer.publish(
                    {"hello": "world"},
                    exchange=queue.exchange,
                    routing_key="greetings",
                    declare=[queue],
                )
            connection.drain_events(timeout=5)
        assert got == [{"hello": "world"}]
        assert len(turns) >= 2
    with psycopg.connect(clone.superuser_url) as admin:
        assert admin.execute("SELECT count(*) FROM celery.kombu_message").fetchone() == (0,)


def test_a_consumer_starts_without_a_server() -> None:
    make_celery(Settings(), AWAY)
    with (
        Connection(broker_url_of(Settings(), AWAY)) as connection,
        connection.Consumer(Queue("q", Exchange("q")), callbacks=[print]),
        pytest.raises(TimeoutError),
    ):
        connection.drain_events(timeout=0.1)
