"""A real JupyterLab in a headless Chromium, where both are installed: what a person sees, clicks and types."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import NAMES, QUIET

_PATIENCE = 90


@contextlib.contextmanager
def lab(root: Path, settings: Path) -> Iterator[str]:
    """A JupyterLab in a folder; the address of its pages. ``settings`` is a folder for what it remembers."""
    if importlib.util.find_spec("jupyterlab") is None or importlib.util.find_spec("ipykernel") is None:
        pytest.skip("JupyterLab is not installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    names = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTERLAB_SETTINGS_DIR", "IPYTHONDIR")
    environment = {**os.environ, **{name: str(settings / name.lower()) for name in names}}
    options = ["--no-browser", "--allow-root", f"--port={port}", "--IdentityProvider.token=", "--LabApp.news_url="]
    command = [sys.executable, "-m", "jupyterlab", *options, f"--ServerApp.root_dir={root}"]
    with (settings / "log.txt").open("w") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=root)
        try:
            _wait(f"http://127.0.0.1:{port}/api", settings / "log.txt")
            yield f"http://127.0.0.1:{port}/lab"
        finally:
            server.terminate()
            server.wait(timeout=30)


def _wait(url: str, log: Path) -> None:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5):
            return
        time.sleep(0.2)
    raise AssertionError(log.read_text())


class Tab:
    """A page of the browser, over its debugging protocol."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._number = 0

    async def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Call a method of the protocol."""
        self._number += 1
        await self._connection.write_message(json.dumps({"id": self._number, "method": method, "params": params}))
        while True:
            answer = json.loads(await asyncio.wait_for(self._connection.read_message(), _PATIENCE))
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result

    async def value(self, expression: str) -> Any:
        """The value of an expression of JavaScript."""
        answer = await self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    async def until(self, expression: str) -> Any:
        """The value of an expression as soon as it is true."""
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:
            if found := await self.value(expression):
                return found
            await asyncio.sleep(0.1)
        raise AssertionError(f"{expression}: {await self.value('document.body.innerText')}")

    async def click(self, selector: str, text: str = "", *, right: bool = False, only_move: bool = False) -> None:
        """Click the middle of the first element that is seen, and whose text begins so."""
        found = f"""(() => {{
            const all = [...document.querySelectorAll({json.dumps(selector)})];
            const one = all.find(e => e.offsetParent && e.innerText.trim().startsWith({json.dumps(text)}));
            if (!one) return null;
            one.scrollIntoView({{block: "nearest"}});
            const box = one.getBoundingClientRect();
            return [box.x + box.width / 2, box.y + box.height / 2];
        }})()"""
        x, y = await self.until(found)
        await self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        if only_move:
            return
        button = {"x": x, "y": y, "button": "right" if right else "left", "clickCount": 1}
        await self.call("Input.dispatchMouseEvent", type="mousePressed", **button)
        await self.call("Input.dispatchMouseEvent", type="mouseReleased", **button)

    async def press(self, key: str, code: int, *, control: bool = False) -> None:
        """Press a key."""
        event = {"key": key, "windowsVirtualKeyCode": code, "modifiers": 2 if control else 0}
        await self.call("Input.dispatchKeyEvent", type="rawKeyDown", **event)
        await self.call("Input.dispatchKeyEvent", type="keyUp", **event)

    async def write(self, text: str) -> None:
        """Type a text."""
        await self.call("Input.insertText", text=text)

    async def picture(self, path: Path) -> None:
        """Write what is seen to a PNG."""
        shot = await self.call("Page.captureScreenshot", format="png")
        path.write_bytes(base64.b64decode(shot["data"]))


@contextlib.asynccontextmanager
async def opened(url: str, profile: Path, *, dark: bool = False) -> AsyncIterator[Tab]:
    """A tab of a new browser with a page."""
    from tornado.websocket import websocket_connect

    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("no Chromium is installed")
    options = ["--window-size=1280,1000", "--remote-debugging-port=0", f"--user-data-dir={profile}"]
    scheme = f"--blink-settings=preferredColorScheme={0 if dark else 1}"
    browser = subprocess.Popen([found, *QUIET, *options, scheme, "about:blank"], stderr=subprocess.DEVNULL)
    try:
        place = profile / "DevToolsActivePort"
        end = time.monotonic() + _PATIENCE
        while not place.exists() or not place.read_text().strip():
            assert time.monotonic() < end, "the browser does not start"
            await asyncio.sleep(0.1)
        port = place.read_text().split()[0]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json", timeout=10) as answer:
            page = next(one for one in json.loads(answer.read()) if one["type"] == "page")
        connection = await websocket_connect(page["webSocketDebuggerUrl"], max_message_size=100_000_000)
        tab = Tab(connection)
        await tab.call("Page.enable")
        await tab.call("Page.navigate", url=url)
        yield tab
        connection.close()
    finally:
        browser.terminate()
        browser.wait(timeout=30)
