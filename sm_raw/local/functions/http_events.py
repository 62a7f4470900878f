"""An HTTP request as the event of a function, and a function's answer as HTTP: payload format 2.0.

https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-payloads
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from werkzeug.wrappers import Request, Response

TEXTS = ("application/json", "application/javascript", "application/xml", "application/x-www-form-urlencoded")
JSON = "application/json"


@dataclass(frozen=True)
class Visit:
    """Which address was asked, by whom: ``account`` is "anonymous" for a request without a signature."""

    url_id: str
    request_id: str
    account: str
    seconds: float


def event_of(request: Request, path: str, visit: Visit) -> dict[str, Any]:
    """The event; ``path`` is what follows the function's address."""
    headers = {name.lower(): value for name, value in request.headers}
    cookies = [cookie.strip() for cookie in headers.pop("cookie", "").split(";") if cookie.strip()]
    query = {name: ",".join(request.args.getlist(name)) for name in request.args}
    body = request.get_data()
    is_text = _is_text(request.mimetype)
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": request.query_string.decode("latin-1"),
        **({"cookies": cookies} if cookies else {}),
        "headers": headers,
        **({"queryStringParameters": query} if query else {}),
        "requestContext": _context(request, path, visit),
        **({"body": body.decode(errors="replace") if is_text else base64.b64encode(body).decode()} if body else {}),
        "isBase64Encoded": bool(body) and not is_text,
    }


def _is_text(mimetype: str) -> bool:
    return mimetype.startswith("text/") or mimetype in TEXTS


def _context(request: Request, path: str, visit: Visit) -> dict[str, Any]:
    time = datetime.fromtimestamp(visit.seconds, timezone.utc)
    return {
        "accountId": visit.account,
        "apiId": visit.url_id,
        "domainName": request.host,
        "domainPrefix": visit.url_id,
        "http": {
            "method": request.method,
            "path": path,
            "protocol": request.environ.get("SERVER_PROTOCOL", "HTTP/1.1"),
            "sourceIp": request.remote_addr or "127.0.0.1",
            "userAgent": request.headers.get("User-Agent", ""),
        },
        "requestId": visit.request_id,
        "routeKey": "$default",
        "stage": "$default",
        "time": f"{time:%d/%b/%Y:%H:%M:%S +0000}",
        "timeEpoch": int(visit.seconds * 1000),
    }


def response_of(payload: bytes) -> Response:
    """The response that a function's answer stands for. Raises ValueError for one that none can be made of.

    An answer with a statusCode says it all; any other is the body of a response with status 200.
    """
    answer = json.loads(payload)
    if not isinstance(answer, dict) or "statusCode" not in answer:
        body = answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)
        return Response(body, content_type=JSON)
    headers = answer.get("headers") or {}
    if not isinstance(headers, Mapping):
        raise ValueError("the headers are no object")
    response = Response(_body(answer), status=int(answer["statusCode"]), content_type=JSON)
    for name, value in headers.items():
        response.headers[str(name)] = str(value)
    for cookie in answer.get("cookies") or []:
        response.headers.add("Set-Cookie", str(cookie))
    return response


def _body(answer: Mapping[str, Any]) -> bytes:
    body = answer.get("body")
    text = "" if body is None else body if isinstance(body, str) else json.dumps(body)
    if not answer.get("isBase64Encoded"):
        return text.encode()
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(f"the body is no base64: {error}") from None
