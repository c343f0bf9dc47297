"""A provider's service without one: files checked line by line, a price, and real requests to a server that records them."""

import json

import openai
import pytest

from coursekit import chatdata, hosted
from coursekit.errors import CourseError
from coursekit.hosted import check_lines, recording_server, training_price, upload_and_start

GOOD = [
    {
        "messages": [
            {"role": "user", "content": f"How long does number {n} run? Ü"},
            {"role": "assistant", "content": f"{n} hours."},
        ]
    }
    for n in range(12)
]


def lines(records):
    """Records as the text of a file."""
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


@pytest.fixture
def file(tmp_path):
    chatdata.write_records(tmp_path / "train.jsonl", GOOD)
    return tmp_path / "train.jsonl"


def test_a_good_file_has_no_problem():
    assert check_lines(lines(GOOD)) == []
    assert check_lines(lines(GOOD), lambda record: 10, longest=10) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (lines(GOOD) + "{'messages': []}\n", ["line 13: this is not valid JSON"]),
        (lines(GOOD) + '{"prompt": "a", "completion": "b"}\n', ["line 13: `messages` has to be a list"]),
        (lines(GOOD) + lines([{**GOOD[0], "source": "x"}]), ["line 13: unknown fields beside `messages`: source"]),
        (lines([{"messages": GOOD[0]["messages"][:1]}]) + lines(GOOD), ["line 1: the last message"]),
        (lines(GOOD[:3]), ["the file has 3 examples"]),
        ("", ["the file has 0 examples"]),
        ("\n".join(["[]"] * 11), ["line 1: ", "line 2: "]),
    ],
)
def test_what_is_wrong_is_said_line_by_line(text, words):
    found = check_lines(text)
    for start, sentence in zip(words, found):
        assert sentence.startswith(start), found


def test_a_line_that_is_too_long():
    [wrong] = check_lines(lines(GOOD), lambda record: 70_000 if "11" in record["messages"][1]["content"] else 5)
    assert wrong == "line 12: 70,000 tokens, and only 65,536 would be read"


def test_a_price():
    assert training_price(1_000_000, 3, 3.0) == 9
    assert training_price(250_000, 1, 0.46) == pytest.approx(0.115)
    with pytest.raises(CourseError):
        training_price(-1, 1, 1)


def test_the_list_of_prices_names_source_and_date():
    prices = hosted.load_prices()
    for group in ("tokens", "training", "gpu"):
        for entry in prices[group]:
            assert entry["source"].startswith("https://")
            assert str(entry["date"]).startswith("20")
    assert str(prices["openai_fine_tuning"]["everybody"]) == "2027-01-06"


def test_a_dry_run_sends_what_a_provider_wants(file, tmp_path):
    chatdata.write_records(tmp_path / "held.jsonl", GOOD[:11])
    with recording_server() as recorded:
        job = upload_and_start(
            recorded.client(),
            file,
            "gpt-4o-mini-2024-07-18",
            held_out=tmp_path / "held.jsonl",
            epochs=2,
            suffix="larkspur",
        )
    assert job.status == "validating_files"
    assert job.id == "ftjob-1"
    assert [json.loads(line) for line in recorded.files["file-1"].splitlines()] == GOOD
    [body] = recorded.jobs
    assert body == {
        "training_file": "file-1", "validation_file": "file-2", "model": "gpt-4o-mini-2024-07-18", "suffix": "larkspur",
        "method": {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 2}}},
    }  # fmt: skip


def test_a_wrong_file_is_not_sent(tmp_path):
    (tmp_path / "train.jsonl").write_text('{"prompt": "a"}\n' * 12, encoding="utf-8")
    with recording_server() as recorded:
        with pytest.raises(CourseError, match=r"train\.jsonl would be refused: line 1: `messages`"):
            upload_and_start(recorded.client(), tmp_path / "train.jsonl", "m")
        assert recorded.files == {}


def test_the_server_checks_for_itself(file, tmp_path):
    """What slips past our own check is refused over HTTP, and said in one sentence."""
    with recording_server() as recorded:
        client = recorded.client()
        with pytest.raises(openai.BadRequestError, match="the purpose fine-tune"):
            client.files.create(file=open(file, "rb"), purpose="assistants")  # noqa: SIM115
        with pytest.raises(openai.BadRequestError, match="line 1: this is not valid JSON"):
            client.files.create(file=("x.jsonl", b"nonsense"), purpose="fine-tune")
        with pytest.raises(openai.BadRequestError, match="file-9 was not uploaded"):
            client.fine_tuning.jobs.create(training_file="file-9", model="m", method={"type": "supervised"})
        with pytest.raises(CourseError, match=r"The server refuses \(400\): a job names its model"):
            upload_and_start(client, file, "")
        assert recorded.jobs == []


def test_a_server_that_is_not_there(file):
    client = openai.OpenAI(base_url="http://127.0.0.1:9/v1", api_key="none", max_retries=0)
    with pytest.raises(CourseError, match="cannot be reached"):
        upload_and_start(client, file, "m")
