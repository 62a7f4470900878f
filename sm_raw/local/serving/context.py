"""The ``context`` argument of user functions, with the names that TorchServe's Context has.

Requests come one at a time, so every index is 0. One Context lives as long as the model; ``begin`` makes it
show the next request. Custom attributes travel in both directions as the header
``X-Amzn-SageMaker-Custom-Attributes``: see ``get_request_header`` and ``set_response_header``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class RequestProcessor:
    """One request's headers, and the status and headers of its response."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._request_headers = dict(headers)
        self._by_lower_case = {name.lower(): value for name, value in headers.items()}
        self._response_headers: dict[str, str] = {}
        self._status, self._phrase = 200, ""

    def get_request_property(self, key: str) -> str | None:
        # HTTP's names have no case, and clients on the way here may have changed it.
        return self._by_lower_case.get(key.lower())

    def get_request_properties(self) -> dict[str, str]:
        return self._request_headers

    def add_response_property(self, key: str, value: str) -> None:
        self._response_headers[key] = value

    def get_response_headers(self) -> dict[str, str]:
        return self._response_headers

    def get_response_header(self, key: str) -> str | None:
        return self._response_headers.get(key)

    def report_status(self, code: int, reason_phrase: str | None = None) -> None:
        self._status, self._phrase = code, reason_phrase or ""

    def get_response_status_code(self) -> int:
        return self._status

    def get_response_status_phrase(self) -> str:
        return self._phrase


class Context:
    """What a user function may ask about the server and the request, and say about the response."""

    def __init__(self, model_dir: str) -> None:
        self.model_name = "model"
        self.manifest: dict[str, Any] = {}
        self.system_properties: dict[str, Any] = {"model_dir": model_dir, "gpu_id": None, "batch_size": 1}
        self.request_processor: list[RequestProcessor] | None = None

    def begin(self, headers: Mapping[str, str]) -> RequestProcessor:
        processor = RequestProcessor(headers)
        self.request_processor = [processor]
        return processor

    def get_request_header(self, idx: int, key: str) -> str | None:
        return self._request(idx).get_request_property(key)

    def get_all_request_header(self, idx: int) -> dict[str, str]:
        return self._request(idx).get_request_properties()

    def set_response_header(self, idx: int, key: str, value: str) -> None:
        self._request(idx).add_response_property(key, value)

    def get_response_headers(self, idx: int) -> dict[str, str]:
        return self._request(idx).get_response_headers()

    def set_response_content_type(self, idx: int, value: str) -> None:
        self.set_response_header(idx, "content-type", value)

    def get_response_content_type(self, idx: int) -> str | None:
        return self.get_response_headers(idx).get("content-type")

    def set_response_status(self, code: int = 200, phrase: str = "", idx: int = 0) -> None:
        self._request(idx).report_status(code, reason_phrase=phrase)

    def get_response_status(self, idx: int) -> tuple[int, str]:
        processor = self._request(idx)
        return processor.get_response_status_code(), processor.get_response_status_phrase()

    def _request(self, idx: int) -> RequestProcessor:
        if self.request_processor is None:
            raise RuntimeError("the context knows no request: none has come yet, the model is being loaded")
        return self.request_processor[idx]
