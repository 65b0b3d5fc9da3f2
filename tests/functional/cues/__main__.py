"""Print precision, recall and F1 of the cues, by kind and by language: `python -m tests.functional.cues [--dev] [--wrong]`.

Without `--dev` only the cases for measuring count; `--wrong` lists what went wrong and is refused for them.
"""

import sys

from tests.functional.cues.suite import Count, cases, judge, sorts, wilson


def main(arguments: list[str]) -> int:
    """Print the figures."""
    develops = "--dev" in arguments
    if "--wrong" in arguments and not develops:
        print("the cases for measuring are not looked at; use --dev --wrong", file=sys.stderr)
        return 2
    some = [case for case in cases() if case.is_measured != develops]
    tally = judge(some)
    print(f"{len(some)} cases in {len({case.lang for case in some})} languages: {dict(sorts(some))}")
    for name, counts in (("kind", tally.kinds), ("language", tally.langs)):
        print(f"{name:<12} {'right':>6} {'false':>6} {'missed':>6}  precision (95 %)      recall (95 %)         F1")
        for key, count in sorted(counts.items(), key=lambda item: item[1].f1):
            print(f"{key:<12} {_line(count)}")
    for case, what in tally.wrong if "--wrong" in arguments else ():
        print(f"{case.id} {what} | {case.text}")
    return 0


def _line(count: Count) -> str:
    low, high = wilson(count.right, count.right + count.false)
    least, most = wilson(count.right, count.right + count.missed)
    return (
        f"{count.right:>6} {count.false:>6} {count.missed:>6}  {count.precision:.3f} ({low:.2f}-{high:.2f})  "
        f"   {count.recall:.3f} ({least:.2f}-{most:.2f})     {count.f1:.3f}"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
