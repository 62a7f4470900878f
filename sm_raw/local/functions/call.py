"""One call of an operation of Lambda: what it says, and moto's answer to it."""

from __future__ import annotations

import io
import json
import urllib.parse
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request, Response

from sm_raw.local.functions import requests
from sm_raw.local.functions.described import split_name
from sm_raw.local.functions.refusals import out_of_constraint

if TYPE_CHECKING:
    from sm_raw.local.functions.service import Functions


@dataclass(frozen=True)
class Call:
    """One call of an operation."""

    functions: Functions
    region: str
    operation: str
    http: Request

    def named(self) -> tuple[str, str | None]:
        """The function's name in the path and the qualifier there or in the query."""
        path = self.http.path.split("/functions/", 1)[1]
        return split_name(urllib.parse.unquote(path).split("/", 1)[0], self.http.args.get("Qualifier"))

    def qualified(self) -> tuple[str, str]:
        """The same of an operation that needs a qualifier."""
        name, qualifier = self.named()
        if qualifier is None:
            raise out_of_constraint(None, "qualifier", "not be null")
        return name, qualifier

    def last_step(self) -> str:
        """The end of the path: an alias's name."""
        return urllib.parse.unquote(self.http.path.rstrip("/").rpartition("/")[2])

    def document(self) -> dict[str, Any]:
        """The body, as JSON."""
        return requests.decoded(self.http.get_data())

    def to_moto(self, document: dict[str, Any] | None = None) -> Response:
        """moto's answer to this call, or to one of another body."""
        body = self.http.get_data() if document is None else json.dumps(document).encode()
        environ = {**self.http.environ, "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        environ.pop("werkzeug.request", None)
        return self.functions.from_moto(environ)

    def client(self, service: str) -> Any:
        return self.functions.engine.client(service, self.region)
