"""Messages that wait: durable, private, in order, one for each incident, and none given up in silence."""

import dataclasses
import datetime
import pathlib
import threading

import pytest
from tests.notify_peers import AT, incident

from murenger.adapters.clock import SystemClock
from murenger.adapters.files.incidents import IncidentFiles, Told
from murenger.adapters.files.notices import NoticeFiles, Rest
from murenger.errors import NotifyError
from murenger.model.incident import Incident, IncidentKind, Phase

REST = Rest(since=AT, attempts=2, next_at=AT + datetime.timedelta(seconds=30), last_error="down")


@pytest.fixture
def files(tmp_path: pathlib.Path) -> NoticeFiles:
    return NoticeFiles(tmp_path, origin="site1", clock=SystemClock(), most=3)


def waiting(files: NoticeFiles, channel: str = "pager") -> list[Incident]:
    found = [files.load(channel, name) for name in files.waiting(channel)]
    return [item for item in found if item is not None]


def test_what_waits_is_found_by_the_next_process_in_order(files: NoticeFiles, tmp_path: pathlib.Path) -> None:
    for name in ("fw2", "fw1", "fw3"):
        files.put("pager", incident(name))
    again = NoticeFiles(tmp_path, origin="site1", clock=SystemClock())
    assert waiting(again) == [incident(name) for name in ("fw2", "fw1", "fw3")]
    assert waiting(again, "siem") == []
    assert again.channels() == ("pager",)


def test_it_is_private_and_leaves_nothing_half_written(files: NoticeFiles, tmp_path: pathlib.Path) -> None:
    files.put("pager", incident())
    folder = tmp_path / "notices" / "pager"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert [path.stat().st_mode & 0o777 for path in folder.iterdir()] == [0o600]


def test_an_update_replaces_what_still_waits_in_its_place(files: NoticeFiles) -> None:
    files.put("pager", incident("fw1"))
    files.put("pager", incident("fw2"))
    files.put("pager", incident("fw1", 2))
    assert waiting(files) == [incident("fw1", 2), incident("fw2")]


def test_what_was_sent_is_gone_but_not_what_replaced_it_meanwhile(files: NoticeFiles) -> None:
    files.put("pager", incident("fw1"))
    (name,) = files.waiting("pager")
    files.put("pager", incident("fw1", 2))
    files.sent("pager", name, incident("fw1"))
    assert waiting(files) == [incident("fw1", 2)]
    files.sent("pager", name, incident("fw1", 2))
    files.sent("pager", name, incident("fw1", 2))
    assert waiting(files) == []


def test_one_that_is_not_taken_lets_the_others_go_first(files: NoticeFiles) -> None:
    for name in ("fw1", "fw2"):
        files.put("pager", incident(name))
    files.postpone("pager", files.waiting("pager")[0])
    assert waiting(files) == [incident("fw2"), incident("fw1")]
    files.postpone("pager", files.waiting("pager")[1])
    files.postpone("pager", "000000000009-inc_" + "0" * 32 + ".json")
    assert waiting(files) == [incident("fw2"), incident("fw1")]


def test_where_too_many_wait_one_message_says_how_many_were_not_kept(files: NoticeFiles) -> None:
    for number in range(8):
        files.put("pager", incident(f"fw{number}"))
    *kept, last = waiting(files)
    assert kept == [incident(f"fw{number}") for number in range(3)]
    assert (last.kind, last.phase, last.number) == (IncidentKind.NOTICES_LOST, Phase.CLOSED, 5)
    assert last.title == "5 messages for channel pager were not kept: 3 waited already"
    files.put("pager", incident("fw1", 2))
    assert [item.number for item in waiting(files)] == [1, 2, 1, 5]
    name = files.waiting("pager")[-1]
    files.sent("pager", name, last)
    files.put("pager", incident("fw9"))
    assert waiting(files)[-1].id != last.id


def test_each_channel_waits_for_itself(files: NoticeFiles) -> None:
    files.put("pager", incident())
    files.put("siem", incident())
    files.sent("siem", files.waiting("siem")[0], incident())
    assert (waiting(files), waiting(files, "siem")) == ([incident()], [])


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff", b'{"id": 3}', b"x" * 300_000])
def test_a_damaged_message_is_reported_once_and_put_aside(
    files: NoticeFiles, tmp_path: pathlib.Path, content: bytes
) -> None:
    files.put("pager", incident())
    (name,) = files.waiting("pager")
    path = tmp_path / "notices" / "pager" / name
    path.write_bytes(content)
    with pytest.raises(NotifyError, match="put aside"):
        files.load("pager", name)
    assert files.waiting("pager") == ()
    assert path.with_suffix(".damaged").read_bytes() == content


def test_a_link_in_place_of_a_message_is_not_followed(files: NoticeFiles, tmp_path: pathlib.Path) -> None:
    files.put("pager", incident())
    (name,) = files.waiting("pager")
    path = tmp_path / "notices" / "pager" / name
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(NotifyError):
        files.load("pager", name)


def test_a_pause_is_kept_and_ended(files: NoticeFiles, tmp_path: pathlib.Path) -> None:
    assert files.rest("pager") is None
    files.keep_rest("pager", REST)
    assert NoticeFiles(tmp_path, origin="site1", clock=SystemClock()).rest("pager") == REST
    (tmp_path / "notices" / "pager" / "rest.json").write_text("{")
    assert files.rest("pager") is None
    files.keep_rest("pager", None)
    files.keep_rest("pager", None)
    assert files.rest("pager") is None


def test_two_never_send_to_one_channel_at_once(files: NoticeFiles, tmp_path: pathlib.Path) -> None:
    other = NoticeFiles(tmp_path, origin="site1", clock=SystemClock())
    with files.sending("pager") as first, other.sending("pager") as second, other.sending("siem") as third:
        assert (first, second, third) == (True, False, True)
    with other.sending("pager") as later:
        assert later


def test_two_that_write_wait_for_one_another(files: NoticeFiles) -> None:
    def put(name: str) -> None:
        with files.alone():
            files.put("pager", incident(name))

    threads = [threading.Thread(target=put, args=(f"fw{number}",)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(files.waiting("pager")) == 3


def test_a_folder_that_cannot_be_written_is_an_error_of_ours(tmp_path: pathlib.Path) -> None:
    (tmp_path / "notices").write_text("not a folder")
    files = NoticeFiles(tmp_path, origin="site1", clock=SystemClock())
    with pytest.raises(NotifyError):
        files.put("pager", incident())
    with pytest.raises(NotifyError), files.alone():
        pass
    with pytest.raises(NotifyError):
        IncidentFiles(tmp_path).keep(Told(topic="drift", incident=incident(), subject="", treatments=()))


def test_open_incidents_are_found_by_device_and_topic(tmp_path: pathlib.Path) -> None:
    book = IncidentFiles(tmp_path)
    assert book.told("fw1", "drift") == ()
    told = Told(topic="drift", incident=incident(), subject="x", treatments=("heals",))
    other = dataclasses.replace(told, incident=incident("fw2"))
    control = Told(topic="control", incident=incident("x", device=""), subject="x", treatments=())
    for item in (told, other, control):
        book.keep(item)
    assert IncidentFiles(tmp_path).told("fw1", "drift") == (told,)
    assert (book.told("fw1", "control"), book.told("fw", "drift"), book.told("", "control")) == ((), (), (control,))
    assert {item.incident.device for item in book.all_told("drift")} == {"fw1", "fw2"}
    book.forget(told.incident)
    book.forget(told.incident)
    assert book.told("fw1", "drift") == ()


def test_a_damaged_open_incident_is_forgotten(tmp_path: pathlib.Path) -> None:
    book = IncidentFiles(tmp_path)
    book.keep(Told(topic="drift", incident=incident(), subject="x", treatments=()))
    (path,) = (tmp_path / "notices" / "_open").iterdir()
    path.write_text("{")
    assert book.told("fw1", "drift") == ()
    assert not path.exists()
