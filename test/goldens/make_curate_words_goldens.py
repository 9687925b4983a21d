"""Writes curateWords.json: how spaCy's tokenizer for English cuts texts, as datatrove asks it to.

    pip install spacy && python test/goldens/make_curate_words_goldens.py
"""

import json
import pathlib

import spacy

TEXTS = [
    'The quick brown fox jumps over the lazy dog.',
    '"Well," said Mr. Smith, "that\'s a well-known fact -- isn\'t it?"',
    "I don't know; they'd've gone, but we can't and cannot wait. She'll see who's there.",
    'At 10am or 3p.m. it cost $5.50 (about €4,75) per km², i.e. 20% more than in the U.S.',
    'See https://example.com/a?b=c#d, www.example.org or write to a.b@example.com!',
    'let x: Vec<u32> = foo::bar(1, 2)?; // a comment... and/or more',
    'snake_case camelCase kebab-case path/to/file.txt C++ e.g. #hashtag @name 50kg +1 x=y',
    'Dr. Jones’s “quoted” text… and ‘single’ ones, 1990s, 3-4 times, rock’n’roll, O\'Brien',
    '- item one\n* item two\n  1) third\n\n\n[link] (see [1]) {braces} <tag> &amp; 100,000.5',
    'The `com.apple.Safari` of file.TXT: it ended.But www.Example.com and EXAMPLE.ORG stay whole.',
    'Naïve façade, Übermaß, Москва, Ελλάδα: 5°C. A.B.C. vs. etc. Ph.D. No. 5!!! What?!',
]

nlp = spacy.blank('en')
golden = [
    {'text': text, 'words': [word for word in (token.text.strip() for token in nlp(text)) if word]}
    for text in TEXTS
]
target = pathlib.Path(__file__).with_name('curateWords.json')
target.write_text(json.dumps(golden, indent=2, ensure_ascii=False) + '\n')
