"""What one client's bad luck does to the others: nothing."""

from __future__ import annotations

import errno
import os
import socket

import pytest

from osconf.daemon.access import Policy
from osconf.daemon.client import DaemonStore
from osconf.daemon.listener import Listener
from osconf.daemon.wire import Channel
from osconf.errors import StoreError
from tests.contract.store_kinds import STORE_DIR


def test_client_that_gets_no_process_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    def fork() -> int:
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr(os, "fork", fork)
    path = f"{tmp_path}/socket"
    with socket.socket(socket.AF_UNIX) as listening, socket.socket(socket.AF_UNIX) as client:
        listening.bind(path)
        listening.listen()
        client.connect(path)
        listener = Listener([listening], lambda _channel, _peer: None, Policy)
        listener._accept(listening)
        assert listener.clients == {}
        with pytest.raises(StoreError, match="Resource temporarily unavailable"):
            DaemonStore.greet(Channel.over(client), STORE_DIR)
