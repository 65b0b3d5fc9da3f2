"""Write the model card that ships beside the artefact."""

from collections.abc import Mapping
from typing import Any

from models.calibrate import RATES
from models.engines import F32
from models.heads import Heads
from models.judging import Judged
from models.report import render_summary

# Licences as their publishers state them.
_LICENCES = {
    "Helsinki-NLP+XED": "CC BY",
    "emotion-analysis-project+SemEval2025-Task11": "CC BY 4.0",
    "afrisenti-semeval+afrisent-semeval-2023": "CC BY 4.0",
    "cardiffnlp+xlm-t": "Apache-2.0",
    "cardiffnlp+tweeteval": '"without restrictions"',
    "HKUST-KnowComp+MLMA_hate_speech": "MIT",
    "NKTKLN+telegram-news-classifier": "CC BY 4.0",
    "lizfrey+comp-neuro-final-project": "MIT (SMS spam)",
    "PyThaiNLP+wisesight-sentiment": "CC0",
    "haroonshakeel+roman_urdu_hate_speech": "MIT",
}

_OPENING = """# Model card: Fanal {version}

**What it is.** A multilingual encoder (multilingual-e5-small, MIT) whose last four layers were tuned for the task, and two
linear maps on the means of its layers 6, 8 and 12. The stream head says whether a post stands out of everything that is
posted; the near head, fitted only among posts that resemble offers, says what it then is. Both are means of what was fitted
on the untouched layers and what was trained with the tuned ones. A post reaches a lane where both heads agree; where the near
head holds distress likelier than an offer, the post goes to protection and never to the offers.

**What it is for.** To put public posts that may offer trafficking recruitment or a smuggler's passage before trained
people who decide. A score is an assessment, not a fact.

**What it is not for.** To judge, rank or contact anyone automatically, to search for people, to be evidence, to read
private messages, or to decide about asylum, visas or employment. It makes no claim about sex work as such.

**Weak at.** Very short posts and replies whose meaning lies in their thread, page or picture; smuggling talk above all.
Honest but terse job adverts, visa services and campaigns that echo an offer are often flagged: see below.
Figures differ much between languages: there is no single one.

**Not reviewed.** No native speaker has checked the examples. They were written for this project after the way that real
posts read; none is a real post.
"""


def render_card(heads: Heads, training: Mapping[str, Any], judged: list[Judged]) -> str:
    """Give the card as Markdown: use, limits, data with licences, thresholds, held-out figures."""
    parts = [
        _OPENING.format(version=heads.version),
        _data(training),
        _thresholds(heads, training),
        _uncalibrated(heads, judged),
    ]
    closing = "All tables, by language, length and data set: `docs/model/figures.md`.\n"
    return "\n".join([*parts, _TERMS, render_summary(judged), closing])


_TERMS = """# Held-out figures

Heads and thresholds saw neither the author, article nor data set of what is measured; their strengths were chosen on
the same folds. Shares with 95 % Wilson intervals and counts. `corpus` and `realstyle` are the two sets of examples, the
second written after offers quoted in public reports.
"""


def _data(training: Mapping[str, Any]) -> str:
    kinds = ", ".join(f"{kind} {count}" for kind, count in training["kinds"].items())
    origins = ", ".join(f"{origin} {count}" for origin, count in training["examples"].items())
    lines = [f"**Trained on** {origins} examples of our own ({kinds}), and on background, presumed benign:\n"]
    lines += ["| data set | posts | licence as stated |", "| --- | --- | --- |"]
    lines += [f"| {name} | {n:,} | {_LICENCES.get(name, 'unknown')} |" for name, n in training["background"].items()]
    return "\n".join(lines) + "\n"


def _uncalibrated(heads: Heads, judged: list[Judged]) -> str:
    calibration = heads.calibrations[F32]
    langs = sorted({one.row.lang for one in judged if not one.row.is_background})
    without = [lang for lang in langs if not calibration.is_calibrated(lang)]
    if not without:
        return "**Uncalibrated**: no language of the examples.\n"
    return (
        f"**Uncalibrated**: {' '.join(without)}. Of these there are no background posts, or film subtitles alone, which are\n"
        "no posts: their rate of false hits was never measured. They take the thresholds of all languages together, plus a\n"
        f"penalty of {calibration.penalty:g} standard deviations, and `fanal score` marks them `calibrated: false`.\n"
    )


def _thresholds(heads: Heads, training: Mapping[str, Any]) -> str:
    n = training["measured"]
    lines = [f"**Thresholds** were set on {n:,} background posts of data sets that the heads had not seen:"]
    for level, rate in RATES.items():
        allowed = int(rate * n)
        bound = f"at most {allowed} of them may pass"
        if not allowed:
            bound = (
                f"none may pass; so the 95 % upper bound is {100_000 * 3 / n:.0f} per 100,000, and the rate is a wish"
            )
        lines.append(f"- {level}, {rate:.0e} of posts: {bound}.")
    engines = ", ".join(f"`{engine}`" for engine in heads.calibrations)
    lines.append("\nOn a data set that no threshold was set on, far more passes than these rates: see the lanes below.")
    lines.append(
        f"\nThey hold for the engine and precision {engines}; on any other the classifier scores and never flags."
    )
    lines += [f"- `{engine}` beside `{F32}`: {agreement}." for engine, agreement in heads.agreements.items()]
    return "\n".join(lines) + "\n"
