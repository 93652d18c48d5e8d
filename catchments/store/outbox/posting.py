"""Posting over HTTP with requests: to machines of the public internet alone, unless it is allowed.

A module by itself, which is imported when something is posted.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from catchments.core.public_addresses import is_public
from catchments.store.outbox.mail_sending import NotTaken


def posted(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    timeout_s: tuple[float, float],
    to_private: bool,
) -> int:
    """Post a body; return the status of the answer. Raises NotTaken where there is none."""
    try:
        with requests.Session() as session:
            session.trust_env = False  # no proxy and no password file of whoever runs this
            if not to_private:
                session.mount("http://", _PublicOnly())
                session.mount("https://", _PublicOnly())
            with session.post(
                url,
                data=body,
                headers=headers,
                timeout=timeout_s,
                allow_redirects=False,
                stream=True,  # whatever it says, only the status is read
            ) as response:
                return response.status_code
    except (requests.RequestException, OSError) as error:
        raise NotTaken(f"{type(error).__name__}: {error}") from error


class _PeerChecked:
    """Looks at whom it is connected to before it says anything: names may change meanwhile."""

    def _new_conn(self) -> socket.socket:
        made: socket.socket = super()._new_conn()  # type: ignore[misc]
        if not is_public(str(made.getpeername()[0])):
            made.close()
            raise OSError("its host is this machine or in a private network")
        return made


class _Connection(_PeerChecked, HTTPConnection):
    pass


class _TlsConnection(_PeerChecked, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class _PublicOnly(HTTPAdapter):
    """Connects to machines of the public internet alone."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Have every pool make checked connections."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}
