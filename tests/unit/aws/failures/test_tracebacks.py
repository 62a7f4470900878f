from __future__ import annotations

import textwrap

import pytest

from sm_raw.aws.failures.tracebacks import as_written, find_traceback

PLAIN = """\
Traceback (most recent call last):
  File "train.py", line 9, in <module>
    main()
  File "train.py", line 5, in main
    raise ValueError("no images below /opt/ml/input")
ValueError: no images below /opt/ml/input"""

CHAINED = f"""\
Traceback (most recent call last):
  File "data.py", line 2, in load
    open(path)
FileNotFoundError: [Errno 2] No such file or directory: 'a.csv'

During handling of the above exception, another exception occurred:

{PLAIN}"""

CAUSED = CHAINED.replace(
    "During handling of the above exception, another exception occurred:",
    "The above exception was the direct cause of the following exception:",
)


def lines(text: str) -> list[str]:
    return textwrap.dedent(text).splitlines()


@pytest.mark.parametrize("text", [PLAIN, CHAINED, CAUSED])
def test_a_traceback_is_found_among_other_lines(text: str) -> None:
    assert find_traceback(lines(f"epoch 1\nloss 3\n{text}\nReporting training FAILURE\n")) == text


def test_a_log_without_one_has_none() -> None:
    assert find_traceback(lines("epoch 1\nValueError: printed by somebody\n")) == ""
    assert find_traceback([]) == ""


def test_lines_of_others_in_between_are_left_out() -> None:
    mixed = []
    for number, line in enumerate(CHAINED.splitlines()):
        mixed += [line, f"epoch: {number}", "Progress: 3"]
    assert find_traceback(mixed) == CHAINED


def test_the_lines_of_one_process_are_told_from_those_of_another_by_what_stands_in_front() -> None:
    mine, theirs = "[1,mpirank:0,algo-1]<stderr>:", "[1,mpirank:1,algo-2]<stderr>:"
    mixed = []
    for line in PLAIN.splitlines():
        mixed += [mine + line, theirs + "  File of the other"]
    assert find_traceback(mixed) == PLAIN


def test_the_last_one_counts_unless_it_only_tells_that_another_process_failed() -> None:
    wrapper = PLAIN.replace("ValueError:", "torch.distributed.elastic.multiprocessing.errors.ChildFailedError:")
    other = PLAIN.replace("no images", "no labels")
    assert find_traceback(lines(f"{PLAIN}\n{other}")) == other
    assert find_traceback(lines(f"{PLAIN}\n{wrapper}")) == PLAIN
    assert find_traceback(lines(wrapper)) == wrapper


def test_errors_in_destructors_are_no_failure() -> None:
    assert find_traceback(lines(f"Exception ignored in: <function x.__del__>\n{PLAIN}")) == ""


def test_a_message_of_several_lines_is_whole() -> None:
    text = PLAIN.replace("ValueError: ", "RuntimeError: Error(s) in loading state_dict for Net:\n\tsize mismatch: ")
    assert find_traceback(lines(f"{text}\nepoch 2")) == text


@pytest.mark.parametrize(
    "error",
    ["KeyboardInterrupt", "SystemExit: 3", "StopIteration", "ray.exceptions.RayTaskError(ValueError): x", "Stop: now"],
)
def test_exceptions_have_many_names(error: str) -> None:
    text = PLAIN.rpartition("\n")[0] + f"\n{error}"
    assert find_traceback(lines(f"{text}\n2026-11-21 the end")) == text


def test_a_log_that_breaks_off_in_one_shows_what_there_is() -> None:
    text = PLAIN.rpartition("\n")[0]
    assert find_traceback(lines(text)) == text


@pytest.mark.parametrize("logger", ["MODEL_LOG", "org.pytorch.serve.wlm.WorkerLifeCycle"])
def test_a_model_server_puts_another_time_before_each_line(logger: str) -> None:
    """As TorchServe does in AWS's PyTorch images, for several workers at once."""
    mixed = []
    for number, line in enumerate(CHAINED.splitlines()):
        mixed += [
            f"2022-04-02T01:32:09,{600 + number} [INFO ] W-9000-model_1.0-stdout {logger} - {line}",
            f"2022-04-02T01:32:09,{601 + number} [INFO ] W-9001-model_1.0-stdout {logger} -   File of another",
            f"2022-04-02T01:32:09,{602 + number} [WARN ] W-9000-model_1.0-stderr {logger} - a warning",
        ]
    assert find_traceback(mixed) == CHAINED


@pytest.mark.parametrize(
    ("line", "written"),
    [
        ("2022-04-02T01:32:09,605 [INFO ] W-9068-model_1.0-stdout MODEL_LOG -   File x", "  File x"),
        ("2020-02-13 01:26:39,661 [WARN ] W-9003-model-stderr com.x.WorkerLifeCycle - [PID]40", "[PID]40"),
        ("2020-02-13 01:26:39,510 [INFO ] main com.x.ModelManager - Model model loaded.", None),
        ("2026-11-21 00:00:00 epoch 1", None),
    ],
)
def test_what_a_server_puts_before_a_line_is_taken_off(line: str, written: str | None) -> None:
    assert as_written(line) == (line if written is None else written)


def test_a_traceback_of_lambda_is_put_in_order() -> None:
    frames = PLAIN.splitlines()[:-1]
    indented = [line.replace(" ", "\u00a0") if line.startswith(" ") else line for line in frames]
    log = ["START RequestId: 1 Version: 1", "[ERROR] ValueError: no images below /opt/ml/input", *indented]
    assert find_traceback([*log, "END RequestId: 1"]).replace("\u00a0", " ") == PLAIN
    assert find_traceback(log).replace("\u00a0", " ") == PLAIN
