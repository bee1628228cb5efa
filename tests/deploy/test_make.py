"""What make does with files that are not the repository's."""

import subprocess
from pathlib import Path

from deploy.day.ground import ENDS
from tests.house.sources import ROOT

MAKE = ("make", "--no-print-directory", "--file", str(ROOT / "Makefile"))


def test_make_clean_removes_what_runs_left_and_no_database_of_anybody_else(tmp_path: Path) -> None:
    runs = [f"turnup.db{number}" for number in ("", ".1", ".12")]
    theirs = ["other.db", "other.db.key", "turnup.db.backup", "turnup.db.2", "turnup.db.2.key"]
    for name in (*theirs, *(f"{run}{end}" for run in runs for end in (*ENDS, ".lock", ".mark"))):
        (tmp_path / name).touch()
    subprocess.run((*MAKE, "clean"), cwd=tmp_path, check=True)
    assert sorted(each.name for each in tmp_path.iterdir()) == sorted(theirs)


def test_make_clean_removes_what_the_steps_of_the_readme_leave(tmp_path: Path) -> None:
    ours = ("", "-wal", "-shm", ".key", ".lock", ".mark")
    ends = (*ours, ".simulated", ".simulated-wal", ".simulated-shm")
    for name in (*(f"serve.db{end}" for end in ends), "turnup.simulated"):
        (tmp_path / name).touch()
    for name in ("serve.db.mail", "turnup.mail", "serve.db.sms", "turnup.sms"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.eml").touch()
    subprocess.run((*MAKE, "clean"), cwd=tmp_path, check=True)
    assert [*tmp_path.iterdir()] == []


def test_make_clean_leaves_a_database_that_no_run_made(tmp_path: Path) -> None:
    for name in ("turnup.db", "turnup.db.key", "turnup.db-wal"):
        (tmp_path / name).touch()
    subprocess.run((*MAKE, "clean"), cwd=tmp_path, check=True)
    assert len([*tmp_path.iterdir()]) == 3


def test_make_alone_lists_its_targets(tmp_path: Path) -> None:
    told = subprocess.run(MAKE, cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    assert {line.split()[1] for line in told.splitlines()} >= {"run", "test", "check", "clean"}
