# The interpreter of Python code.  Process 1 starts it with requests on descriptor 3 ("run LENGTH",
# then so many bytes of code) and outcomes on 4 (lines of JSON, then "done STATUS"); code.h has the
# whole.  All code of a context runs in one __main__ module.  What users write is hostile to this
# file only by accident: whoever breaks the driver on purpose breaks their own container.
import ast
import binascii
import builtins
import fcntl
import io
import json
import linecache
import os
import re
import signal
import sys
import traceback
import types
import _thread
from importlib.machinery import PathFinder

PICTURES_MAX = 10  # of one call
PICTURE_MAX = 2 * 1024 * 1024  # of one, in base 64 …
PICTURE_BYTES_MAX = 6 * 1024 * 1024  # … and of all of a call
JSON_MAX = 512 * 1024  # of a result; escapes make a character six bytes at most
TEXT_MAX = 256 * 1024
ERROR_MAX = 64 * 1024
DEPTH_MAX = 50
WHOLE_MAX = 2**53 - 1  # beyond it JSON's readers lose digits
SOURCES_MAX = 8 * 1024 * 1024  # of old code kept for tracebacks
OWN = "<sandpod>"


def keep(fd):
    for least in (1000, 200, 20):
        try:
            return fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, least)
        except OSError:
            pass  # over the limit of open files
    return fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 5)


NULL, OUT, ERR, REQUESTS, OUTCOMES = [keep(fd) for fd in range(5)]
os.close(3)
os.close(4)
PID = os.getpid()
MAIN_THREAD = _thread.get_ident()
FLAGS = getattr(ast, "PyCF_ALLOW_TOP_LEVEL_AWAIT", 0)
send_lock = _thread.allocate_lock()
sources = []  # names and sizes of the code that linecache knows
state = {"flags": FLAGS, "loop": None, "cell": 0, "pictures": 0, "bytes": 0, "left_out": 0}


# --- outcomes -----------------------------------------------------------------------------


def write(data):
    view = memoryview(data)
    while len(view):
        view = view[os.write(OUTCOMES, view) :]


def send(record):
    """One line, whole: an interrupt waits until it is written."""
    if os.getpid() != PID:  # a forked child is not who was asked
        return
    line = json.dumps(record).encode() + b"\n"
    late = []
    in_main = _thread.get_ident() == MAIN_THREAD
    with send_lock:
        if in_main:
            before = signal.signal(signal.SIGINT, lambda *_: late.append(True))
        try:
            write(line)
        finally:
            if in_main:
                signal.signal(signal.SIGINT, before)
    if late and before is signal.default_int_handler:
        raise KeyboardInterrupt


def clean(text):
    """What JSON and its readers can carry: no half surrogates, no NUL."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")


def cut(text, most):
    if len(text) <= most:
        return text
    head, tail = text[: most * 3 // 4], text[-most // 4 :]
    return "%s\n[… %d characters left out …]\n%s" % (head, len(text) - len(head) - len(tail), tail)


# --- results ------------------------------------------------------------------------------


class NotJson(Exception):
    pass


def as_json(value, room, depth=0):
    """A copy of value that is JSON without loss; room is a list of one number."""
    kind = type(value)
    if kind.__module__ == "numpy" and hasattr(value, "item") and not getattr(value, "shape", 1):
        value = value.item()
        kind = type(value)
    room[0] -= 8
    if room[0] < 0 or depth > DEPTH_MAX:
        raise NotJson
    if value is None or kind is bool:
        return value
    if kind is int and abs(value) <= WHOLE_MAX:
        return value
    if kind is float and value - value == 0:
        return value
    if kind is str and len(value) <= room[0] and "\0" not in value:
        try:
            room[0] -= len(value.encode())
            return value
        except UnicodeEncodeError:
            raise NotJson
    if kind is list or kind is tuple:
        return [as_json(item, room, depth + 1) for item in value]
    if kind is dict and all(type(key) is str for key in value):
        return {as_json(k, room): as_json(v, room, depth + 1) for k, v in value.items()}
    raise NotJson


class Full(Exception):
    pass


BRACKETS = {list: "[]", tuple: "()", set: "{}", dict: "{}"}


def bounded_repr(value):
    """As repr, but the text of something huge is never made whole."""
    pieces = []
    left = [TEXT_MAX]
    path = set()

    def put(text):
        pieces.append(text[: left[0]])
        left[0] -= len(text)
        if left[0] < 0:
            raise Full

    def walk(item):
        kind = type(item)
        if kind in (str, bytes, bytearray) and len(item) > left[0]:
            put(repr(item[: left[0]]))
            raise Full
        if kind not in BRACKETS or not item:
            put(repr(item))
            return
        if id(item) in path or len(path) > DEPTH_MAX:
            put("...")
            return
        path.add(id(item))
        put(BRACKETS[kind][0])
        for i, part in enumerate(item):
            if i:
                put(", ")
            walk(part)
            if kind is dict:
                put(": ")
                walk(item[part])
        put(",)" if kind is tuple and len(item) == 1 else BRACKETS[kind][1])
        path.remove(id(item))

    try:
        walk(value)
    except Full:
        size = " of %d elements" % len(value) if hasattr(value, "__len__") else ""
        pieces.append("\n[… the rest of this %s%s is left out]" % (type(value).__name__, size))
    return "".join(pieces)


def text_of(value):
    """For people: its repr, or what it has for notebooks when its repr says nothing."""
    try:
        if type(value).__repr__ is object.__repr__:
            for name in ("_repr_markdown_", "_repr_html_", "_repr_latex_"):
                text = getattr(value, name, lambda: None)()
                if isinstance(text, str):
                    return clean(cut(text, TEXT_MAX))
        return clean(bounded_repr(value))
    except Exception as error:
        return "<%s object; its repr raised %s>" % (type(value).__name__, type(error).__name__)


def is_drawn(value):
    """What matplotlib's functions return is told by the figure alone."""
    if isinstance(value, list) and value:
        value = value[0]
    return type(value).__module__.startswith("matplotlib.")


def send_result(value):
    if value is None:
        return
    show_picture(value)
    if is_drawn(value):
        return
    try:
        record = {"type": "result", "json": as_json(value, [JSON_MAX])}
    except NotJson:
        record = None
    send(record or {"type": "result", "text": text_of(value)})


# --- pictures -----------------------------------------------------------------------------


def tell(text):
    print(text, file=sys.stderr)


def send_picture(data, media_type="image/png"):
    if isinstance(data, bytes):
        data = binascii.b2a_base64(data, newline=False).decode()
    if len(data) > PICTURE_MAX:
        return False
    if state["pictures"] >= PICTURES_MAX or state["bytes"] + len(data) > PICTURE_BYTES_MAX:
        state["left_out"] += 1
        return True
    state["pictures"] += 1
    state["bytes"] += len(data)
    send({"type": "image", "mime_type": media_type, "data": data})
    return True


def send_smaller(render):
    """The first rendering that fits into a line; each is half as wide as the one before."""
    for scale in (1, 2, 4, 8):
        if send_picture(render(scale)):
            return
    state["left_out"] += 1


def send_figure(figure):
    def render(scale):
        data = io.BytesIO()
        figure.savefig(data, format="png", dpi=figure.dpi / scale, bbox_inches="tight")
        return data.getvalue()

    if figure.get_axes() or figure.texts or figure.images or figure.lines or figure.patches:
        send_smaller(render)


def send_image(image):
    def render(scale):
        data = io.BytesIO()
        size = [max(1, n // scale) for n in image.size]
        other = image if scale == 1 else image.resize(size)
        try:
            other.save(data, "PNG")
        except OSError:  # a mode that PNG has not
            data = io.BytesIO()
            other.convert("RGB").save(data, "PNG")
        return data.getvalue()

    send_smaller(render)


def show_picture(value):
    """Whether value is a picture; sent if so."""
    kind = type(value)
    images = sys.modules.get("PIL.Image")
    try:
        if kind.__module__.startswith("matplotlib.") and hasattr(value, "savefig"):
            send_figure(value)
            return True
        if images and isinstance(value, images.Image):
            send_image(value)
            return True
        for name, media_type in (("_repr_png_", "image/png"), ("_repr_jpeg_", "image/jpeg")):
            data = getattr(value, name)() if hasattr(kind, name) else None
            if data and isinstance(data, (bytes, str)):
                return send_picture(data, media_type)
    except Exception as error:
        tell("[a picture could not be drawn: %s: %s]" % (type(error).__name__, error))
    return False


def show_figures(*_, **__):
    """Sends and closes the open figures: plt.show(), and the end of each call."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if not hasattr(pyplot, "get_fignums"):
        return
    for number in pyplot.get_fignums():
        if state["pictures"] < PICTURES_MAX:
            show_picture(pyplot.figure(number))
        else:
            state["left_out"] += 1
    pyplot.close("all")


def end_pictures():
    show_figures()
    if state["left_out"]:
        tell("[%d pictures are left out: they are too many or too large for one call; save them to "
             "files]" % state["left_out"])


def display(*values, **_):
    for value in values:
        if not show_picture(value):
            print(value if isinstance(value, str) else text_of(value))


def patch_pyplot(module):
    module.show = show_figures
    module.Figure.show = lambda self, *_, **__: show_picture(self) and None


def patch_pil(module):
    module.Image.show = lambda self, *_, **__: show_picture(self) and None


def patch_processes(module):
    # A child that is not forked knows nothing of this __main__.
    if sys.version_info >= (3, 14):
        context = module.context
        context._default_context._default_context = context._concrete_contexts["fork"]


PATCHES = {
    "matplotlib.pyplot": patch_pyplot,
    "PIL.Image": patch_pil,
    "multiprocessing": patch_processes,
}


class Hook:
    """Finds the modules of PATCHES, and changes them once they are there."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        patch = PATCHES.get(name)
        spec = PathFinder.find_spec(name, path) if patch else None
        if spec is None or spec.loader is None:
            return None
        load = spec.loader.exec_module

        def exec_module(module):
            load(module)
            try:
                patch(module)
            except Exception:
                pass  # another version than those known

        spec.loader.exec_module = exec_module
        return spec


# --- errors -------------------------------------------------------------------------------


def trim(report, seen):
    """Leaves the frames from the first one of the user's code on."""
    if report is None or id(report) in seen:
        return
    seen.add(id(report))
    frames = report.stack or []
    first = [i for i, frame in enumerate(frames) if frame.filename.startswith("<cell ")]
    if not first and report.exc_type is KeyboardInterrupt:
        first = [len(frames)]  # an await was interrupted: all of these are the loop's
    frames[:] = [f for f in frames[first[0] if first else 0 :] if f.filename != OWN]
    for other in [report.__cause__, report.__context__] + list(getattr(report, "exceptions", None) or []):
        trim(other, seen)


def send_error(error, is_compiling=False):
    frames = None if is_compiling else error.__traceback__
    report = traceback.TracebackException(type(error), error, frames)
    trim(report, set())
    if is_compiling:
        report.stack = None
        report.__context__ = None
        text = "".join(report.format_exception_only())
    else:
        text = "".join(report.format())
    try:
        message = str(error)
    except Exception:
        message = "<its str raised an error>"
    if isinstance(error, KeyboardInterrupt) and not message:
        message = "interrupted"
    record = {"type": "error", "error_type": type(error).__name__}
    record["message"] = clean(cut(message, ERROR_MAX))
    record["traceback"] = clean(cut(text, ERROR_MAX)).rstrip("\n")
    send(record)
    return 130 if isinstance(error, KeyboardInterrupt) else 1


def status_of(leaving):
    code = leaving.code
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 255
    tell(code)
    return 1


def guarded(step):
    try:
        return step() or 0
    except SystemExit as leaving:
        return status_of(leaving)
    except BaseException as error:
        if os.getpid() != PID:
            traceback.print_exc()
        try:
            return send_error(error)
        except BaseException as other:
            text = "the error itself cannot be shown: %s" % type(other).__name__
            send({"type": "error", "error_type": type(error).__name__, "message": text, "traceback": text})
            return 1


# --- code ---------------------------------------------------------------------------------


def remember(name, code):
    """Tracebacks, warnings and inspect find the source of what ran."""
    linecache.cache[name] = (len(code), None, code.splitlines(True), name)
    sources.append((name, len(code)))
    while len(sources) > 1 and sum(size for _, size in sources) > SOURCES_MAX:
        linecache.cache.pop(sources.pop(0)[0], None)


def magic(line):
    """What notebooks know beside Python: !command, %pip, %cd."""
    import subprocess

    word, _, rest = line.partition(" ")
    if line.startswith("!"):
        subprocess.call(line[1:], shell=True)
    elif word == "%pip":
        subprocess.call('"%s" -m pip %s' % (sys.executable, rest), shell=True)
    elif word == "%cd":
        os.chdir(os.path.expanduser(rest.strip() or "~"))
    elif word in ("%%bash", "%%sh"):
        subprocess.call([word[2:], "-c", rest])
    elif word not in ("%matplotlib", "%time", "%%time"):
        tell("[%s is not known here and was passed over]" % word)


def without_magics(code):
    shell = re.match(r"\s*(%%(?:bash|sh))[ \t]*\n", code)
    if shell:
        return "__sandpod_magic__(%r)" % (shell.group(1) + " " + code[shell.end() :])
    pattern = r"(?m)^([ \t]*)(!.+|%%?[a-z]\w*(?: .*)?)$"
    return re.sub(pattern, lambda m: "%s__sandpod_magic__(%r)" % m.groups(), code)


def parse(code, name):
    if re.match(r"(?:[ \t]*\n)*[ \t]+\S", code):  # pasted from within a block
        import textwrap

        code = textwrap.dedent(code)
    flags = state["flags"] | ast.PyCF_ONLY_AST
    try:
        return compile(code, name, "exec", flags, True)
    except SyntaxError:
        other = without_magics(code)
        if other == code:
            raise
        return compile(other, name, "exec", flags, True)


def sets_result(statements):
    """Whether there is a `_ = …` outside of functions; a loop's `for _ in` is none."""
    for statement in statements:
        targets = getattr(statement, "targets", None) or [getattr(statement, "target", None)]
        kinds = (ast.Assign, ast.AugAssign, ast.AnnAssign)
        if isinstance(statement, kinds) and any(getattr(t, "id", None) == "_" for t in targets):
            return True
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            continue
        for field in ("body", "orelse", "finalbody", "handlers", "cases"):
            inner = getattr(statement, field, None)
            if isinstance(inner, list) and sets_result(inner):
                return True
    return False


def compiled(code, name):
    """The parts to run, in order, and whether the code says its result itself."""
    tree = parse(code, name)
    body = tree.body
    is_explicit = sets_result(body)
    last = None
    if body and isinstance(body[-1], ast.Expr) and not code.rstrip().endswith(";"):
        last = ast.Expression(body.pop().value)
    parts = []
    for part, mode in ((tree, "exec"), (last, "eval")):
        if part is not None:
            parts.append(compile(part, name, mode, state["flags"], True))
            state["flags"] |= parts[-1].co_flags & FUTURES
    return parts, is_explicit


import __future__

FUTURES = 0
for feature in __future__.all_feature_names:
    FUTURES |= getattr(__future__, feature).compiler_flag
CO_COROUTINE = 0x80


def task_of(coroutine):
    """Its task; an interrupt waits until the loop is whole."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        import asyncio

        if state["loop"] is None or state["loop"].is_closed():
            state["loop"] = asyncio.new_event_loop()
        asyncio.set_event_loop(state["loop"])
        return state["loop"].create_task(coroutine)
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])


def awaited(coroutine):
    task = task_of(coroutine)
    loop = state["loop"]
    try:
        return loop.run_until_complete(task)
    except BaseException as error:
        if not task.done():
            task.cancel()
            try:
                loop.run_until_complete(task)
            except BaseException:
                pass
            if isinstance(error, OSError):  # the code has closed the loop's descriptors
                state["loop"] = None
        raise


def run(code):
    state["cell"] += 1
    name = "<cell %d>" % state["cell"]
    space = main.__dict__
    space.pop("__warningregistry__", None)  # each call warns anew
    remember(name, code)
    try:
        parts, is_explicit = compiled(code, name)
    except (SyntaxError, ValueError, OverflowError) as error:
        lines = code.splitlines()
        line = getattr(error, "lineno", None) or 0
        if isinstance(error, SyntaxError) and error.text is None and 0 < line <= len(lines):
            error.text = lines[line - 1] + "\n"
        return send_error(error, is_compiling=True)
    value = None
    for part in parts:
        value = eval(part, space)
        if part.co_flags & CO_COROUTINE and isinstance(value, types.CoroutineType):
            value = awaited(value)
    if is_explicit:
        value = space.get("_")
    elif value is not None:
        builtins._ = value
    send_result(value)


# --- calls --------------------------------------------------------------------------------


def is_open(stream):
    try:
        return not stream.closed
    except Exception:
        return False  # detached, or no stream at all


def text_stream(fd, name):
    raw = io.FileIO(fd, "w", closefd=False)
    raw.name = name
    return io.TextIOWrapper(raw, "utf-8", "backslashreplace", write_through=True)


streams = {}


def restore():
    """Whatever the code before did to the standard streams harmed that call only."""
    for private, fd in ((NULL, 0), (OUT, 1), (ERR, 2)):
        os.dup2(private, fd)
    if not is_open(sys.stdin):
        sys.stdin = sys.__stdin__ = open(0, closefd=False)
    for fd, name in ((1, "stdout"), (2, "stderr")):
        if not is_open(streams.get(name)):
            streams[name] = text_stream(fd, "<%s>" % name)
        setattr(sys, name, streams[name])
        setattr(sys, "__%s__" % name, streams[name])
    state["pictures"] = state["bytes"] = state["left_out"] = 0


def flush():
    for stream in [sys.stdout, sys.stderr] + list(streams.values()):
        try:
            stream.flush()
        except Exception:
            pass
    if "ctypes" in sys.modules:  # what libraries in C have printed
        try:
            sys.modules["ctypes"].CDLL(None).fflush(None)
        except Exception:
            pass


def ignore(*_):
    pass


def call(code):
    status = 0
    try:
        restore()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        status = guarded(lambda: run(code))
        if os.getpid() != PID:
            flush()
            os._exit(status)
        if status != 130:
            guarded(end_pictures)
        guarded(flush)
        signal.signal(signal.SIGINT, ignore)
    except KeyboardInterrupt:
        status = 130
    signal.signal(signal.SIGINT, ignore)
    return status


def serve():
    requests = os.fdopen(REQUESTS, "rb")
    while True:
        line = requests.readline()
        if not line:
            return
        code = requests.read(int(line.split()[1]))
        status = call(code.decode("utf-8", "replace").lstrip("\ufeff"))
        write(b"done %d\n" % status)


signal.signal(signal.SIGINT, ignore)
os.environ.pop("SANDPOD_DRIVER", None)
os.environ.setdefault("MPLBACKEND", "Agg")
main = types.ModuleType("__main__")
main.__builtins__ = builtins
own_main = sys.modules["__main__"]  # lives on: these functions are in it
sys.modules["__main__"] = main
sys.argv = [""]
sys.meta_path.insert(0, Hook)
builtins.display = display
builtins.__sandpod_magic__ = magic
try:
    serve()
finally:
    flush()
