"""Import, export, check, backup and restore from the command line."""

from __future__ import annotations

import json
import sqlite3
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import goldwork
from goldwork.cli import main
from goldwork.services import media
from tests.services.conftest import Room, room  # noqa: F401
from tests.services.test_ingest import IMAGES, picture
from tests.services.test_media import SOUNDS, wav


@pytest.fixture
def place(room: Room) -> list[str]:  # noqa: F811
    return ["--home", str(room.home.path), "--database", room.database.url.render_as_string(hide_password=False)]


def test_items_in_judgements_out_and_in_again(room: Any, place: list[str], tmp_path: Path, capsys: Any) -> None:  # noqa: F811
    items = tmp_path / "items.tsv"
    items.write_text("id\ttext\n" + "".join(f"x{n}\ttext {n}\n" for n in range(5)))
    assert main(["import", "1", str(items), *place]) == 0
    assert "id from 'id'; text from 'text'" in capsys.readouterr().err
    room.judge(room.add_annotator("Ann"), lambda _payload: "a")
    out = tmp_path / "out.jsonl.gz"
    assert main(["export", "1", str(out), *place]) == 0
    assert "5 rows" in capsys.readouterr().err
    assert main(["agreement", str(out)]) == 0
    assert main(["export", "1", str(tmp_path / "consensus.csv"), "--what", "consensus", *place]) == 0
    assert len((tmp_path / "consensus.csv").read_text().splitlines()) == 6
    room.make_project()
    assert main(["import", "2", str(items), "--id", "id", "--field", "text=text", *place]) == 0
    assert main(["import", "2", str(out), "--what", "judgements", *place]) == 0
    assert "5 answers by 1 annotators" in capsys.readouterr().err
    assert main(["check", *place]) == 0
    assert "everything agrees" in capsys.readouterr().out


def test_predictions_of_a_model_come_in_apart(room: Any, place: list[str], tmp_path: Path, capsys: Any) -> None:  # noqa: F811
    room.add_items(3)
    file, out = tmp_path / "predictions.csv", tmp_path / "out.csv"
    file.write_text("item,annotator,label\ni0,bert,a\ni1,bert,b\n")
    assert main(["import", "1", str(file), "--what", "judgements", "--kind", "model", *place]) == 0
    assert "2 answers by 1 annotators" in capsys.readouterr().err
    room.judge(room.add_annotator("Ann"), lambda _payload: "c")
    assert main(["export", "1", str(out), *place]) == 0
    room.make_project()
    items = tmp_path / "items.csv"
    items.write_text("id,text\n" + "".join(f"i{n},text {n}\n" for n in range(3)))
    assert main(["import", "2", str(items), *place]) == 0
    assert main(["import", "2", str(out), "--what", "judgements", *place]) == 0
    again = tmp_path / "again.csv"
    assert main(["export", "2", str(again), *place]) == 0
    kinds = [goldwork.read(path).kinds for path in (out, again)]
    assert sorted(kinds[0]) == sorted(kinds[1]) == ["human", "model"]
    assert main(["check", *place]) == 0


def test_a_bad_file_is_said_and_leaves_nothing(room: Any, place: list[str], tmp_path: Path, capsys: Any) -> None:  # noqa: F811
    bad = tmp_path / "bad.csv"
    bad.write_text("id,text\na,1\na,2\na,3\n")
    assert main(["import", "1", str(bad), *place]) == 2
    said = capsys.readouterr().err
    assert "bad.csv, line 3, column id" in said
    assert "line 4, column id" in said
    assert main(["import", "1", str(bad), "--format", "jsonl", *place]) == 2
    assert "one JSON object is needed" in capsys.readouterr().err
    assert main(["import", "1", str(bad), "--format", "xls", *place]) == 2
    assert main(["import", "9", str(bad), *place]) == 2
    assert main(["import", "1", str(tmp_path / "no.csv"), *place]) == 2
    assert main(["import", "1", str(bad), "--field", "text", *place]) == 2
    assert main(["export", "1", str(tmp_path / "x.csv"), "--format", "xls", *place]) == 2
    assert main(["export", "1", str(tmp_path / "no" / "x.csv"), *place]) == 2
    assert not (tmp_path / "x.csv").exists()


def test_a_media_folder(room: Any, place: list[str], tmp_path: Path, capsys: Any) -> None:  # noqa: F811
    room.make_project(SOUNDS)
    clips, table = tmp_path / "clips", tmp_path / "clips.csv"
    (clips / "day").mkdir(parents=True)
    (clips / "day" / "a.wav").write_bytes(wav())
    (tmp_path / "secret.wav").write_bytes(wav(0.2))
    asked = ["import", "2", str(table), "--field", "clip=file", "--id", "id", "--media", str(clips), *place]
    table.write_text("id,file\n1,day/a.wav\n2,../secret.wav\n3,none.wav\n")
    assert main(asked) == 2
    said = capsys.readouterr().err
    assert "clips.csv, line 3, column file: a path must not lead out of the folder" in said
    assert "line 4, column file: there is no file 'none.wav'" in said
    assert not list((room.home.files / "2").iterdir()), "the upload is gone"
    table.write_text("id,file\n1,day/a.wav\n")
    assert main(asked) == 0
    said = capsys.readouterr().err
    assert "1 files" in said
    assert "imported 1 items" in said
    assert main([*asked, "--what", "judgements"]) == 2
    assert "--media goes with items" in capsys.readouterr().err
    assert main(["check", *place]) == 0


def test_check_finds_what_was_changed(room: Any, place: list[str], capsys: Any) -> None:  # noqa: F811
    import sqlalchemy as sa

    from goldwork.store.schema import item

    room.add_items(3)
    with room.database.write() as connection:
        connection.execute(sa.update(item).values(taken=1))
    assert main(["check", *place, "--json"]) == 1
    assert json.loads(capsys.readouterr().out.splitlines()[0])["project"] == 1


on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.mark.parametrize("database_url", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
def test_postgres_has_backups_of_its_own(place: list[str], tmp_path: Path, capsys: Any) -> None:
    assert main(["backup", str(tmp_path / "saved.tar"), *place]) == 2
    assert "pg_dump" in capsys.readouterr().err
    assert not (tmp_path / "saved.tar").exists()


@pytest.fixture
def home(room: Any) -> Any:  # noqa: F811
    room.make_project(IMAGES)
    room.writer.run(
        lambda connection: media.add(room.database, room.home, connection, room.project, "one.png", picture(1))
    )
    assert room.import_items("id,file\na,one.png\n", fields={"photo": "file"}).state == "done"
    room.home.features.mkdir()
    np.savez(room.home.features_file(room.project), ids=np.array(["a"]), features=np.full((1, 9), 7, np.float32))
    return room


@on_sqlite
def test_backup_and_restore(home: Any, place: list[str], tmp_path: Path, capsys: Any) -> None:
    saved, new = tmp_path / "saved.tar", tmp_path / "new"
    assert main(["backup", str(saved), *place]) == 0
    assert "1 images" in capsys.readouterr().err
    assert saved.stat().st_mode & 0o077 == 0
    assert main(["backup", str(saved), *place]) == 2
    assert main(["restore", str(saved), "--home", str(new)]) == 0
    assert main(["restore", str(saved), "--home", str(new)]) == 2
    assert main(["check", "--home", str(new)]) == 0
    out = [tmp_path / "before.jsonl", tmp_path / "after.jsonl"]
    assert main(["export", "2", str(out[0]), "--what", "items", *place]) == 0
    assert main(["export", "2", str(out[1]), "--what", "items", "--home", str(new)]) == 0
    assert out[0].read_bytes() == out[1].read_bytes()
    assert [path.name for path in new.glob("media/??/*")] == [path.name for path in home.home.media.glob("??/*")]
    [kept] = new.glob("features/*")
    assert kept.read_bytes() == home.home.features_file(home.project).read_bytes()
    assert (kept.name, kept.stat().st_mode & 0o077) == (f"{home.project}.npz", 0)


@on_sqlite
def test_a_backup_is_refused_unless_whole(home: Any, place: list[str], tmp_path: Path) -> None:
    saved, new = tmp_path / "saved.tar", tmp_path / "new"
    assert main(["backup", str(saved), *place]) == 0
    whole = saved.read_bytes()
    broken = tmp_path / "broken.tar"
    seven = np.float32(7).tobytes() * 9
    for damage in (
        b"", b"not a tar", whole[: len(whole) // 2], whole[:-20_000], whole.replace(b"\x89PNG", b"\x89PMG"),
        whole.replace(seven, bytes(len(seven))),
    ):  # fmt: skip
        assert damage != whole
        broken.write_bytes(damage)
        assert main(["restore", str(broken), "--home", str(new)]) in (1, 2)
        assert not new.exists()
    with tarfile.open(broken, "w") as archive:
        archive.add(saved, "../../evil")
    assert main(["restore", str(broken), "--home", str(new)]) == 2
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".")) == []


@on_sqlite
def test_a_backup_while_people_judge_is_consistent(home: Any, place: list[str], tmp_path: Path) -> None:
    import threading

    home.make_project()
    home.add_items(400)
    who = home.add_annotator("Ann")
    thread = threading.Thread(target=home.judge, args=(who, lambda _payload: "a"))
    thread.start()
    for number in range(3):
        assert main(["backup", str(tmp_path / f"{number}.tar"), *place]) == 0
    thread.join()
    for number in range(3):
        assert main(["restore", str(tmp_path / f"{number}.tar"), "--home", str(tmp_path / f"r{number}")]) == 0
        assert main(["check", "--home", str(tmp_path / f"r{number}")]) == 0
        with sqlite3.connect(tmp_path / f"r{number}" / "goldwork.db") as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        connection.close()
