"""The wheels as a user gets them: what is in them, and that they work outside the repository."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import third_party

REPO = Path(__file__).resolve().parents[2]
MOST_BYTES = 6_000_000
pytestmark = pytest.mark.timeout(1200)

# Runs in the fresh environment: a back-test on a generated market, and what importing costs.
USE = """
import json, sys
import arbcore
heavy = sorted({"polars", "rich", "jinja2", "numpy", "pyarrow", "cyclopts", "msgspec"} & set(sys.modules))
from pathlib import Path
import arbcore_api
made = arbcore.generate("BTCUSDT", hours=30, trades_per_day=50_000, seed=3)
result = arbcore.backtest(made.trades, symbol="BTCUSDT", strategy="v51_baseline", indicators=made.indicators)
files = [path.name for path in result.write("result")]
page = Path("result/report.html").read_text()
print(json.dumps({
    "heavy": heavy,
    "where": arbcore.__file__,
    "versions": [arbcore.__version__, arbcore_api.__version__],
    "trades": result.statistics["total_trades"],
    "files": files,
    "charts": "uPlot" in page,
    "hash": result.decision_hash,
}))
"""


def run(*command: str | Path, cwd: Path) -> str:
    # What this environment tells Python and uv must not reach the fresh one.
    told = ("PYTHON", "VIRTUAL_ENV", "UV_")
    env = {key: value for key, value in os.environ.items() if not key.startswith(told)}
    parts = [str(part) for part in command]
    done = subprocess.run(parts, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{parts}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="session")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a new environment in it."""
    folder = tmp_path_factory.mktemp("fresh")
    run(sys.executable, "-m", "venv", "venv", cwd=folder)
    return folder


def pip(folder: Path, *arguments: str | Path) -> None:
    run(folder / "venv" / "bin" / "pip", "--quiet", "--disable-pip-version-check", *arguments, cwd=folder)


@pytest.fixture(scope="session")
def wheels(fresh: Path) -> dict[str, Path]:
    out = fresh / "dist"
    run(Path(sys.executable).with_name("maturin"), "build", "--release", "--locked", "--out", out, cwd=REPO)
    pip(fresh, "wheel", "--no-deps", "--wheel-dir", out, REPO / "api")
    found = sorted(out.glob("*.whl"))
    assert [wheel.name.split("-")[0] for wheel in found] == ["arbcore", "arbcore_api"]
    return {wheel.name.split("-")[0]: wheel for wheel in found}


def names_in(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def metadata(wheel: Path) -> str:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return archive.read(name).decode()


def test_engine_wheel_holds_what_it_needs(wheels: dict[str, Path]) -> None:
    names = names_in(wheels["arbcore"])
    sources = {str(path.relative_to(REPO / "python")) for path in (REPO / "python").rglob("*.py")}
    assert sources <= names
    assert {"arbcore/py.typed", "arbcore/_arbcore.pyi", "arbcore/_arbcore.abi3.so"} <= names
    report = REPO / "python" / "arbcore" / "report"
    for folder in ("assets", "templates"):
        files = {
            str(path.relative_to(REPO / "python")) for path in (report / folder).rglob("*") if path.is_file()
        }
        assert files, folder
        assert files <= names
    assert "arbcore/report/assets/uplot/LICENSE" in names
    licences = {name.rsplit("/", 1)[-1] for name in names if "/licenses/" in name}
    assert licences == {"LICENSE", "NOTICE", "THIRD_PARTY_LICENSES"}
    assert any(name.endswith("entry_points.txt") for name in names)


def test_engine_wheel_holds_nothing_else(wheels: dict[str, Path]) -> None:
    for name in names_in(wheels["arbcore"]):
        assert name.startswith("arbcore/") or re.match(r"arbcore-[\d.]+\.dist-info/", name), name
        assert not name.endswith((".rs", ".toml", ".pyc", ".lock")), name
        assert "/test" not in name, name
    assert wheels["arbcore"].stat().st_size <= MOST_BYTES


def test_engine_wheel_fits_every_python_from_3_11(wheels: dict[str, Path]) -> None:
    assert "-cp311-abi3-" in wheels["arbcore"].name


def test_licences_of_crates_are_current() -> None:
    """If this fails: ``.venv/bin/python scripts/third_party.py``."""
    text = third_party.TARGET.read_text()
    stated = {line for line in text.splitlines() if re.fullmatch(r"[\w-]+ \d+\.\d\S*: .+", line)}
    assert stated == {third_party.heading(package) for package in third_party.linked()}


def test_api_wheel(wheels: dict[str, Path]) -> None:
    names = {name for name in names_in(wheels["arbcore_api"]) if ".dist-info/" not in name}
    assert names == {"arbcore_api/__init__.py", "arbcore_api/py.typed"}
    assert wheels["arbcore_api"].name.endswith("-py3-none-any.whl")
    assert any(name.endswith("/licenses/LICENSE") for name in names_in(wheels["arbcore_api"]))
    assert (REPO / "api" / "LICENSE").read_text() == (REPO / "LICENSE").read_text()


def test_versions_are_one(wheels: dict[str, Path]) -> None:
    workspace = tomllib.loads((REPO / "Cargo.toml").read_text())["workspace"]["package"]["version"]
    api = tomllib.loads((REPO / "api" / "pyproject.toml").read_text())["project"]
    assert api["version"] == workspace
    assert f"arbcore=={workspace}" in api["dependencies"]
    for wheel in wheels.values():
        assert f"\nVersion: {workspace}\n" in metadata(wheel)
    assert f"## {workspace}" in (REPO / "CHANGELOG.md").read_text()


@pytest.fixture(scope="session")
def environment(wheels: dict[str, Path], fresh: Path) -> Path:
    """Both wheels and what they ask for, nothing else."""
    pip(fresh, "install", *wheels.values())
    return fresh


def test_command(environment: Path, wheels: dict[str, Path]) -> None:
    command = environment / "venv" / "bin" / "arbcore"
    assert run(command, "--version", cwd=environment).strip() == wheels["arbcore"].name.split("-")[1]
    generate = [
        "data",
        "generate",
        "--symbol",
        "ETHUSDT",
        "--days",
        "1.2",
        "--trades-per-day",
        "50000",
        "--out",
        "m",
    ]
    run(command, *generate, cwd=environment)
    backtest = ["backtest", "m", "--symbol", "ETHUSDT", "--indicators", "m/indicators.parquet", "--out", "r"]
    assert "ETHUSDT" in run(command, *backtest, cwd=environment)
    report = json.loads((environment / "r" / "report.json").read_text())
    assert report["header"]["data"]["trades"] > 10_000


def test_package(environment: Path) -> None:
    found = json.loads(run(environment / "venv" / "bin" / "python", "-c", USE, cwd=environment))
    assert found["heavy"] == []
    assert found["where"].startswith(str(environment))
    assert len(set(found["versions"])) == 1
    assert found["trades"] > 0
    assert found["files"][:2] == ["report.html", "report.json"]
    assert found["charts"]
    import arbcore

    made = arbcore.generate("BTCUSDT", hours=30, trades_per_day=50_000, seed=3)
    here = arbcore.backtest(
        made.trades, symbol="BTCUSDT", strategy="v51_baseline", indicators=made.indicators
    )
    assert found["hash"] == here.decision_hash
