# Shared by demo, check and the scripts beside this file: building a tree, and running test programs and adding up their tallies.
# Source it with the repository's root as the working directory.

# A compiler cache is used where there is one. CMake reads these when a build tree is first configured.
if command -v ccache >/dev/null; then
  export CMAKE_CXX_COMPILER_LAUNCHER=ccache CMAKE_CUDA_COMPILER_LAUNCHER=ccache CCACHE_BASEDIR="${CCACHE_BASEDIR:-$PWD}"
fi

# No test and no build is begun after this moment (in seconds since 1970; 0: there is none). A build without a terminal ends with it, and a
# test that still runs so many seconds later and has found no fault is stopped. What that leaves out is counted as skipped.
deadline=0 grace=600
out_of_time() { [ $deadline -ne 0 ] && [ "$(date +%s)" -ge $deadline ]; }

seconds_since() { echo $(($(date +%s) - $1)) s; }

# As many compilers at once as there are processors, but no more than memory has room for (1.5 GB each).
jobs_here() {
  local jobs room
  jobs=$(nproc)
  room=$(awk '/^MemAvailable:/ { print int($2 / 1500000) }' /proc/meminfo 2>/dev/null)
  [ -n "$room" ] && [ "$room" -lt "$jobs" ] && jobs=$room
  [ "$jobs" -ge 1 ] || jobs=1
  echo "$jobs"
}

in_terminal=()
[ -t 1 ] && in_terminal=(--foreground)   # so that Ctrl-C reaches what timeout runs; else timeout ends that command's own children with it

# build_tree FOLDER "FLAGS OF CMAKE" [TARGET…]: configures and builds. A terminal sees ninja's counter; elsewhere the output goes to
# FOLDER/build.log, and its end is shown where something failed. Returns 124 where the deadline came before the end; in a terminal only where
# it came before the beginning.
build_tree() {
  local folder=$1 flags=$2 log=$1/build.log began status=0 target=() within=()
  shift 2
  [ $# -gt 0 ] && target=(--target "$@")
  began=$(date +%s)
  out_of_time && return 124
  [ $deadline -eq 0 ] || within=(timeout -k 10 $((deadline - began)))
  mkdir -p "$folder" || return 1
  # shellcheck disable=SC2086  # the flags are words
  if ! cmake $flags -B "$folder" >"$log" 2>&1; then
    echo "configuring $folder failed:" >&2
    tail -n 40 "$log" >&2
    return 1
  fi
  echo "building in $folder (the first time takes minutes)"
  if [ -t 1 ]; then
    cmake --build "$folder" -j "$(jobs_here)" "${target[@]}" || status=$?
  else
    "${within[@]}" cmake --build "$folder" -j "$(jobs_here)" "${target[@]}" </dev/null >>"$log" 2>&1 || status=$?
    [ $status -ne 137 ] || [ $deadline -eq 0 ] || status=124
    [ $status -eq 0 ] || [ $status -eq 124 ] || { sed -n '/^FAILED:/,$p' "$log" | head -n 60 >&2; }
  fi
  [ $status -ne 124 ] || return 124
  if [ $status -ne 0 ]; then
    echo "building in $folder failed; the whole output of a build without a terminal is in $log" >&2
    return 1
  fi
  echo "built in $(seconds_since "$began")"
}

passed=0 failed=0 skipped=0 failures=()
count() { passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3)); }
tally() { echo "$passed passed, $failed failed, $skipped skipped"; }
skip() { count 0 0 1; printf '  skipped  %-32s %s\n' "$1" "$2"; }

# run_item NAME LOG LIMIT COMMAND…: runs a test whose last line is its tally, and counts it. One that says nothing, crashes, runs past LIMIT
# seconds or claims no failure but exits with one has one failure (more).
run_item() {
  local name=$1 log=$2 limit=$3
  shift 3
  execute_item "$log" "$limit" "$@"
  report_item "$name" "$log"
}

# What came of it goes to LOG.result: passed, failed, skipped, seconds and why, so that a shell of its own can do this.
execute_item() {   # execute_item LOG LIMIT COMMAND…
  local log=$1 limit=$2 began status=0 last p=0 f=0 s=0 why="" cut=""
  shift 2
  began=$(date +%s)
  [ $deadline -ne 0 ] && [ $((deadline + grace - began)) -lt "$limit" ] && cut=yes limit=$((deadline + grace - began))
  mkdir -p "$(dirname "$log")"
  { timeout "${in_terminal[@]}" -k 10 "$limit" "$@" >"$log" 2>&1 </dev/null; } 2>/dev/null || status=$?   # bash's own word on a crash is noise
  last=$(grep -a -v '^[[:space:]]*$' "$log" | tail -n 1)
  if [[ $last =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed,\ ([0-9]+)\ skipped$ ]]; then
    p=${BASH_REMATCH[1]} f=${BASH_REMATCH[2]} s=${BASH_REMATCH[3]}
    if [ $status -eq 124 ] || [ $status -eq 137 ]; then
      f=$((f + 1)) why="ran past $limit s"
    elif [ $status -ne 0 ] && [ "$f" -eq 0 ]; then
      f=1 why="exit $status after a tally without failures"
    elif [ $((p + f + s)) -eq 0 ]; then
      f=1 why="ran no test"
    fi
  else
    f=1
    case $status in
      124 | 137) why="ran past $limit s" ;;
      *) if [ $status -gt 128 ]; then why="crashed: $(kill -l $((status - 128)) 2>/dev/null || echo "exit $status")"; else why="no tally, exit $status"; fi ;;
    esac
  fi
  if [ -n "$cut" ] && [ $(($(date +%s) - began)) -ge "$limit" ] && { [ $status -eq 124 ] || [ $status -eq 137 ]; } && ! grep -aq 'ERROR: ' "$log"; then
    p=0 f=0 s=1 why="stopped, no time was left"
  fi
  echo "$p $f $s $(($(date +%s) - began)) $why" >"$log.result"
}

report_item() {   # report_item NAME LOG
  local name=$1 log=$2 p=0 f=1 s=0 took=0 why="left no result" word=ok
  [ -f "$log.result" ] && read -r p f s took why <"$log.result"
  rm -f "$log.result"
  count "$p" "$f" "$s"
  [ "$f" -eq 0 ] || word=FAILED
  printf '  %-8s %-32s %s passed, %s failed, %s skipped  %s s%s\n' "$word" "$name" "$p" "$f" "$s" "$took" "${why:+  ($why)}"
  if [ "$f" -ne 0 ]; then
    failures+=("$name${why:+ ($why)}: $log")
    tail -n 40 "$log" | sed 's/^/    | /'
  fi
}

# Where there is a deadline a list begins elsewhere each day, so that it is not always the same ones that are left out.
by_turns() {   # by_turns ARRAY
  local -n list=$1
  if [ $deadline -ne 0 ] && [ ${#list[@]} -ne 0 ]; then
    local turn=$((10#$(date +%j) * 37 % ${#list[@]}))
    list=("${list[@]:turn}" "${list[@]:0:turn}")
  fi
}

# Every test program of a build tree: the one that takes longest first, then the others by name.
run_tests() {   # run_tests FOLDER LIMIT [PREFIX OF THE NAMES]
  local folder=$1 program names=() first=() name
  for program in "$folder"/tests/test_*; do
    [ -f "$program" ] && [ -x "$program" ] || continue
    name=$(basename "$program")
    if [ "$name" = test_rows ]; then first=("$name"); else names+=("$name"); fi
  done
  by_turns names
  run_programs "$1" "$2" "${3:-}" "" "${first[@]}" "${names[@]}"
}

# These test programs, two at a time: most of them keep one processor busy.
run_programs() {   # run_programs FOLDER LIMIT PREFIX ARGUMENT PROGRAM…
  local folder=$1 limit=$2 prefix=$3 argument=$4 names name running=0 at_once=2 pipe finished
  shift 4
  names=("$@")
  if [ ${#names[@]} -eq 0 ]; then
    count 0 1 0
    failures+=("${prefix}tests: no test program in $folder/tests")
    return
  fi
  [ "$(nproc)" -ge 2 ] || at_once=1
  pipe=$(mktemp -u) && mkfifo "$pipe" && exec {finished}<>"$pipe" && rm "$pipe" || return 1   # who is done writes its name there
  report_next() {
    local ended
    read -r ended <&"$finished"
    running=$((running - 1))
    report_item "$prefix$ended" "$folder/check/${prefix/ /-}$ended.log"
  }
  trap 'trap - INT; kill 0' INT   # what runs in the background does not hear of Ctrl-C
  for name in "${names[@]}"; do
    while [ $running -ge $at_once ]; do report_next; done
    if out_of_time; then
      skip "$prefix$name" "no time was left"
      continue
    fi
    running=$((running + 1))
    {
      OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-passive} execute_item "$folder/check/${prefix/ /-}$name.log" "$limit" "$folder/tests/$name" ${argument:+"$argument"} {finished}>&-
      echo "$name" >&"$finished"
    } &
  done
  while [ $running -gt 0 ]; do report_next; done
  trap - INT
  exec {finished}>&-
}
