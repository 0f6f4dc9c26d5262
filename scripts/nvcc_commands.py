"""How nvcc compiles each .cu of a build, for scripts that want its output in another form."""
import json, os, pathlib, re, shlex, sys


def commands(build, script):
    """Entries of compile_commands.json by file."""
    found = {}
    database = build / "compile_commands.json"
    if not database.exists():
        sys.exit(f"{script}: {database} is missing; configure first (cmake --preset release)")
    for entry in json.loads(database.read_text()):
        if "/duel_cuda.dir/" in entry["command"] and entry["file"].endswith(".cu"):
            found[pathlib.Path(entry["file"]).resolve()] = entry
    return found


def nvcc(entry):
    return next(word for word in shlex.split(entry["command"]) if os.path.basename(word) == "nvcc")


def architecture(entry):
    """"90a"."""
    return re.search(r"sm_(\w+)", entry["command"]).group(1)


def rephrased(entry, *output):
    """The same compilation with other output: `output` takes the place of -c and of the architectures, -o of the object file."""
    words = shlex.split(entry["command"])
    words = words[next(i for i, w in enumerate(words) if os.path.basename(w) == "nvcc"):]   # after a compiler cache
    kept, skip = [], False
    for word in words:
        if skip:
            skip = False
        elif word in ("-o", "-MF", "-MT", "-x"):
            skip = True
        elif word in ("-c", "-MD") or word.startswith(("--generate-code", "--threads", "-MD")):
            continue
        else:
            kept.append(word)
    return kept[:-1] + ["-x", "cu", *output, entry["file"]]
