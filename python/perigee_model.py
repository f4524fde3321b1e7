"""A model as a service for Perigee: one call, two ways of speaking.

    from perigee_model import serve

    def predict(x, metadata):            # x: numpy array of float32 in the shape that was asked with
        return model(x)                  # numbers of any shape, or (numbers, metadata)

    serve(predict, 5555)                 # the bot declares zmq(5555)

Modes, on one and the same port for both kinds of client:

"rep"      one request at a time, in the order they came.
"router"   requests wait here, not in the bot, and `threads` of them are computed at once; answers leave as they are ready.

What travels (python/README.md has it byte by byte): a MessagePack array of timestamp, data, shape and metadata. A bot in `req` mode sends
`data` as an array of float32; in `dealer` mode as little-endian bytes, with the request's number in a frame of its own. Answers go back the
way the request came. Where `predict` raises, the answer is a map with the one key `error`, and the bot's `onError` shows its text.

Needs Python 3.9, pyzmq, msgpack and numpy. This file may be copied into a project as it is.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgpack
import numpy as np
import zmq

__all__ = ["answer", "serve"]

REQUEST_BYTES_MAX = 64 * 2**20
FLOAT32 = np.dtype("<f4")


def serve(
    predict,
    port=0,
    mode="rep",
    *,
    host="127.0.0.1",
    endpoint=None,
    threads=1,
    server_secret_key=None,
    client_keys=None,
    end_with_input=False,
    on_ready=None,
):
    """Answers requests until the process is told to end (SIGINT, SIGTERM). Does not return otherwise.

    predict            `predict(x, metadata)` returns numbers of any shape, or (numbers, metadata of text to text). The request's metadata
                       is echoed, the returned one wins. Called on `threads` threads where mode is "router".
    port               0 picks a free one; it is printed and given to `on_ready`.
    host               "127.0.0.1" serves this machine alone; "0.0.0.0" everyone, which wants `server_secret_key`.
    endpoint           instead of host and port: "ipc:///run/model.sock" for instance.
    server_secret_key  CURVE encryption, Z85 text; default is the variable PERIGEE_ZMQ_SERVER_SECRET_KEY, or the file that
                       PERIGEE_ZMQ_SERVER_SECRET_KEY_FILE names. The bot needs the public one.
    client_keys        public keys that may connect; None admits every client that knows the server's public key.
    end_with_input     ends the process when its standard input ends, and only then: for a program that starts the service as a part of itself,
                       holds the other end of that pipe, and may die without a word.
    on_ready           called with the endpoint once the socket is bound.
    """
    if mode not in ("rep", "router"):
        raise ValueError(f"mode is {mode!r}; it is 'rep' or 'router'")
    context = zmq.Context()
    socket = context.socket(zmq.REP if mode == "rep" else zmq.ROUTER)
    socket.setsockopt(zmq.LINGER, 0)
    socket.setsockopt(zmq.MAXMSGSIZE, REQUEST_BYTES_MAX)
    if ":" in host:
        socket.setsockopt(zmq.IPV6, 1)
    guard = _encrypt(context, socket, server_secret_key or _secret("PERIGEE_ZMQ_SERVER_SECRET_KEY"), client_keys)
    if end_with_input:
        _follow_input()
    try:
        socket.bind(endpoint or f"tcp://{f'[{host}]' if ':' in host else host}:{port if port else '*'}")
        bound = socket.getsockopt(zmq.LAST_ENDPOINT).rstrip(b"\0").decode()
        print(f"serving {mode} on {bound}", flush=True)
        if on_ready is not None:
            on_ready(bound)
        if mode == "rep":
            _serve_one_by_one(socket, predict)
        else:
            _serve_many(context, socket, predict, threads)
    except KeyboardInterrupt:
        pass
    finally:
        if guard is not None:
            guard.stop()
        context.destroy(linger=0)


def answer(predict, body):
    """The reply's bytes to a request's bytes: never raises for what a request or a model may do."""
    try:
        timestamp, x, metadata, is_binary = _read(body)
        result = predict(x, metadata)
        numbers, more = result if isinstance(result, tuple) else (result, {})
        return _write(timestamp, np.asarray(numbers), {**metadata, **more}, is_binary)
    except Exception as error:
        traceback.print_exc(file=sys.stderr)
        return msgpack.packb({"error": f"{type(error).__name__}: {error}"})


def _read(body):
    request = msgpack.unpackb(body)
    if not isinstance(request, list) or len(request) != 4:
        raise ValueError("a request is an array of timestamp, data, shape and metadata")
    timestamp, data, shape, metadata = request
    is_binary = isinstance(data, bytes)
    flat = np.frombuffer(data, FLOAT32) if is_binary else np.array(data, FLOAT32)
    if flat.size != int(np.prod(shape, dtype=np.int64)):
        raise ValueError(f"shape {shape} does not fit {flat.size} values")
    return timestamp, flat.reshape(shape), metadata, is_binary


def _write(timestamp, numbers, metadata, is_binary):
    if numbers.dtype.kind not in "fiub":
        raise TypeError(f"predict returned {numbers.dtype}, not numbers")
    flat = np.ascontiguousarray(numbers, FLOAT32).reshape(-1)
    data = flat.tobytes() if is_binary else flat.tolist()
    texts = {str(key): str(value) for key, value in metadata.items()}
    # Python's floats are 64 bits wide; the values were rounded to 32 before.
    return msgpack.packb([timestamp, data, list(numbers.shape), texts], use_single_float=True)


def _serve_one_by_one(socket, predict):
    while True:
        # Of a reply all frames but the last are the way back; a REP socket keeps them to itself.
        body = socket.recv_multipart()[-1]
        socket.send(answer(predict, body))


def _serve_many(context, socket, predict, threads):
    address = "inproc://perigee-answers"
    answers = context.socket(zmq.PULL)
    answers.bind(address)
    local = threading.local()

    def compute(way_back, body):
        if not hasattr(local, "out"):
            local.out = context.socket(zmq.PUSH)
            local.out.connect(address)
        local.out.send_multipart([*way_back, answer(predict, body)])

    poller = zmq.Poller()
    poller.register(socket, zmq.POLLIN)
    poller.register(answers, zmq.POLLIN)
    pool = ThreadPoolExecutor(threads)
    try:
        while True:
            ready = dict(poller.poll())
            if answers in ready:
                socket.send_multipart(answers.recv_multipart())
            if socket in ready:
                *way_back, body = socket.recv_multipart()
                pool.submit(compute, way_back, body)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _secret(name):
    file = os.environ.get(f"{name}_FILE")
    return os.environ.get(name) or (Path(file).read_text().strip() if file else None)


def _follow_input():
    # A terminal's Ctrl-C goes to the whole group; whoever holds the pipe still needs its answers while it stops.
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)

    def follow():
        while os.read(0, 4096):
            pass
        os._exit(0)

    threading.Thread(target=follow, daemon=True).start()


def _encrypt(context, socket, secret_key, client_keys):
    if not secret_key:
        if client_keys is not None:
            raise ValueError("client_keys wants server_secret_key: without it nothing is encrypted")
        return None
    socket.curve_server = True
    socket.curve_secretkey = secret_key.encode()
    if client_keys is None:
        return None
    from zmq.auth.thread import ThreadAuthenticator

    known = {key.encode() for key in client_keys}

    class Known:
        def callback(self, domain, key):
            return key in known

    guard = ThreadAuthenticator(context)
    guard.start()
    guard.configure_curve_callback(domain="*", credentials_provider=Known())
    return guard
