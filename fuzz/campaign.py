"""All targets, one after another, with a line of figures for each: ``campaign.py RUNS FOLDER [TARGET …]``.

``FOLDER`` keeps the corpora, the logs and what was found; run it niced. A target that finds something
stops there; the others go on.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from seeds import SEEDS, words

HERE = Path(__file__).resolve().parent
FILES = {
    "fuzz_sip.py": ("endpoint", "fields", "lane"),
    "fuzz_gb28181.py": ("sdp", "subject", "manscdp", "ptz", "mansrtsp"),
    "fuzz_media.py": (
        "ps",
        "framer",
        "rtp",
        "rtcp",
        "h264",
        "h265",
        "aac",
        "sps",
        "sniff",
        "jpeg",
        "rtsp",
        "rtspsdp",
    ),
}
LONGEST = 65_536
_DONE = re.compile(r"Done (\d+) runs in (\d+) second")


def run(file: str, target: str, runs: int, folder: Path) -> str:
    """One target; its line for the table of the README."""
    corpus, found = folder / target, folder / "findings"
    for each in (corpus, found):
        each.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(SEEDS[target]()):
        (corpus / f"seed-{number}").write_bytes(seed)
    names = "".join(f'"{word}"\n' for word in words(target))
    dictionary = folder / f"{target}.dict"
    dictionary.write_text(names or '"\\x00"\n', encoding="utf-8")  # an empty one is an error
    log = folder / f"{target}.log"
    with log.open("wb") as out:
        subprocess.run(
            [
                *(sys.executable, str(HERE / file), target, f"-runs={runs}", f"-max_len={LONGEST}"),
                *(f"-dict={dictionary}", f"-artifact_prefix={found}/{target}-", "-print_final_stats=1"),
                *("-len_control=20", "-timeout=20", "-rss_limit_mb=2048", "-verbosity=1", str(corpus)),
            ],
            stdout=out,
            stderr=subprocess.STDOUT,
            check=False,
        )
    cost = subprocess.run(
        [sys.executable, str(HERE / file), target, "--cost", str(corpus)],
        capture_output=True,
        text=True,
        check=False,
    )
    done = _DONE.search(log.read_text(encoding="utf-8", errors="replace"))
    figures = f"{int(done[1]):,} | {done[2]}" if done else "stopped | –"
    finding = "none" if done else f"see {log.name}"
    return f"| {target} | {figures} | {finding} | {cost.stdout.strip() or cost.stderr.strip()[-80:]} |"


def main() -> None:
    """The command line."""
    runs, folder, wanted = int(sys.argv[1]), Path(sys.argv[2]), set(sys.argv[3:])
    for file, targets in FILES.items():
        for target in targets:
            if not wanted or target in wanted:
                print(run(file, target, runs, folder), flush=True)


if __name__ == "__main__":
    main()
