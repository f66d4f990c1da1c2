#!/bin/bash -p
# podthaw: finds what the cgroup freezer holds on this node, thaws what it is told to, and reports.
# Everything is decided from cgroup files and /proc/PID/status. It never freezes, signals or enters
# a process, and never reads cmdline, environ or maps, which may block. Needs bash 4.2 or later.
# shellcheck disable=SC2206,SC2048 # unquoted lists split at line ends only, and never glob
# shellcheck disable=SC2317 # an exec in a child does not end this script
# -p above: functions, SHELLOPTS, BASHOPTS, GLOBIGNORE and BASH_ENV of the environment do not count.
set +o posix
set -euo pipefail
unset GLOBIGNORE # turns dotglob off
shopt -s nullglob dotglob
export LC_ALL=C
PATH=/usr/sbin:/usr/bin:/sbin:/bin:${PATH:-}
# Lists are lines of text: a cgroup's name may hold any byte but this one and a slash.
IFS=$'\n' nl=$'\n'
set -f

# --- what was asked ---------------------------------------------------------------------------

action='' targets=() every_pod='' diagnose='' settle=10 wait=20 above_pod='' text=''
root=${PODTHAW_HOST_ROOT:-}

usage='usage: freezer.sh check|thaw TARGET... [--settle SECONDS] [--wait SECONDS] [--above-pod] [--text]
       freezer.sh check|thaw --all [--diagnose] [--settle SECONDS] [--wait SECONDS] [--text]
TARGET: a pod UID, a PID (stands for its whole pod), or a cgroup path below the hierarchy root'

die() { # status message: the only way out with an error
  finished=1
  printf 'freezer.sh: %s\n' "$2" >&"${stderr}"
  exit "$1"
}

wrong() { # usage error
  printf '%s\n' "${usage}" >&"${stderr}"
  die 2 "$1"
}

shown() { # text -> reply, safe to print on one line
  printf -v reply '%q' "${1:0:80}"
}

read_request() {
  if (($# == 0)) && [[ -n ${SSM_Action:-} ]]; then
    read_hand_over
  else
    read_arguments "$@"
  fi
  if [[ -n ${every_pod} ]] && ((${#targets[@]} > 0)); then
    wrong '--all stands for every pod: give no TARGET with it'
  fi
  if [[ -z ${every_pod} ]]; then
    [[ -z ${diagnose} ]] || wrong '--diagnose goes with --all'
    ((${#targets[@]} > 0)) || wrong 'no TARGET given'
  fi
}

read_arguments() {
  (($# > 0)) || wrong 'no action given, and no SSM_Action in the environment'
  read_action "$1"
  shift
  while (($# > 0)); do
    case $1 in
      --settle | --wait)
        (($# > 1)) || wrong "$1 needs a number of seconds"
        read_seconds "$1" "$2"
        shift
        ;;
      --all) every_pod=1 ;;
      --diagnose) diagnose=1 ;;
      --above-pod) above_pod=1 ;;
      --text) text=1 ;;
      *) read_target "$1" ;;
    esac
    shift
  done
}

read_hand_over() {
  local rest uid
  read_action "${SSM_Action}"
  if [[ -n ${SSM_Settle:-} ]]; then read_seconds --settle "${SSM_Settle}"; fi
  if [[ -n ${SSM_Wait:-} ]]; then read_seconds --wait "${SSM_Wait}"; fi
  if [[ ${SSM_Targets:-} == --all ]]; then
    every_pod=1
    return
  fi
  rest=${SSM_Targets:-}
  [[ ${rest} != *, ]] || wrong 'SSM_Targets ends in a comma'
  while [[ -n ${rest} ]]; do
    uid=${rest:0:37} # and its comma
    uid=${uid%%,*}
    is_uid "${uid}" || { shown "${uid}" && wrong "not a pod UID in SSM_Targets: ${reply}"; }
    read_target "${uid}"
    rest=${rest:${#uid}+1}
  done
}

read_action() {
  case $1 in
    check | thaw) action=$1 ;;
    *) shown "$1" && wrong "not an action: ${reply}" ;;
  esac
}

read_seconds() { # option value: 0 to 60, so that the whole run ends well before SSM's time limit
  if [[ $2 =~ ^[0-9]{1,2}$ ]] && ((10#$2 <= 60)); then
    if [[ $1 == --settle ]]; then settle=$((10#$2)); else wait=$((10#$2)); fi
  else
    shown "$2" && wrong "$1 takes 0 to 60 seconds, not ${reply}"
  fi
}

is_uid() { # patterns, not regular expressions: it runs for every pod, and bash compiles those anew
  case ${#1} in
    36) [[ $1 != *[!0-9A-Fa-f-]* && $1 == ????????-????-????-????-???????????? && ${1//-/} == ???????????????????????????????? ]] ;;
    32) [[ $1 != *[!0-9A-Fa-f]* ]] ;;
    *) return 1 ;;
  esac
}

read_target() {
  local target=$1 known
  if is_uid "${target}" || [[ ${target} =~ ^[1-9][0-9]{0,6}$ ]]; then
    :
  elif [[ ${target} == /* ]]; then
    # By length first: bash 4.2 takes seconds for a pattern over 100 KB.
    if ((${#target} > 4000)); then target=/; fi
    target=${target%/}
    if [[ -z ${target} || ${target} == *${nl}* || "${target}/" == *//* ||
      "${target}/" == */./* || "${target}/" == */../* ]]; then
      shown "$1" && wrong "not a cgroup path below the root of a hierarchy: ${reply}"
    fi
  else
    shown "$1" && wrong "neither a pod UID, a PID, a cgroup path nor an option: ${reply}"
  fi
  for ((known = 0; known < ${#targets[@]}; known++)); do
    [[ ${targets[known]} != "${target}" ]] || return 0
  done
  targets+=("${target}")
}

# --- this node --------------------------------------------------------------------------------

declare -A mount=([v1]='' [v2]='') # where each hierarchy that can freeze is mounted
roots=() node_cgroup='' started_at='' started_ms=0 finished='' forking=''
lock='' queue='' stderr=2

prepare() {
  exec {stderr}>&2 || exec {stderr}>/dev/null
  exec 2>/dev/null
  trap 'on_exit $?' EXIT
  trap '' PIPE
  clock
  started_ms=${reply}
  TZ=UTC printf -v started_at '%(%Y-%m-%dT%H:%M:%SZ)T' -1
}

on_exit() { # status
  set +e    # before all else: once a fork has failed, bash ends a trap at its first command
  if [[ -z ${finished} ]]; then
    if [[ -n ${forking} ]]; then
      # No PIDs left on this node: start over without any fork, exec needs none; but what may have
      # been written is not found frozen again.
      export PODTHAW_NO_FORK=1
      ((${#points[@]} > 0)) || exec "${BASH}" -p "$0" ${arguments[@]+"${arguments[@]}"} 2>&"${stderr}"
      act
      exit 0
    fi
    printf 'freezer.sh: broke off with status %s\n' "$1" >&"${stderr}"
    exit 3
  fi
}

clock() { # -> reply, milliseconds since boot
  local up=''
  read -r up </proc/uptime || up=${SECONDS}.00
  up=${up%% *}
  up=${up/./}
  reply=$((10#${up} * 10))
}

examine_node() {
  if [[ -z ${root} ]]; then
    [[ ${OSTYPE} == linux* ]] || die 3 'this is not Linux: there is no cgroup freezer here'
    ((EUID == 0)) || die 3 'must run as root to read and write the cgroup freezer'
    in_host_namespaces || die 3 "not in the host's PID and cgroup namespaces: run it on the node itself"
  fi
  find_mounts
  case ${mount[v1]:+v1}${mount[v2]:+v2} in
    v1v2) node_cgroup=hybrid ;;
    v1) node_cgroup=v1 ;;
    v2) node_cgroup=v2 ;;
    *) die 3 'no cgroup freezer is mounted here, neither v1 nor v2' ;;
  esac
}

in_host_namespaces() { # kthreadd, PID 2, lives in the initial ones. -ef compares without a fork.
  local comm=''
  read -r comm </proc/2/comm || true
  [[ ${comm} == kthreadd && /proc/self/ns/pid -ef /proc/2/ns/pid ]] || return 1
  [[ ! -e /proc/self/ns/cgroup || /proc/self/ns/cgroup -ef /proc/2/ns/cgroup ]]
}

find_mounts() { # the first mount of each kind that shows a whole hierarchy
  local lines=() line options rest hierarchy expected=''
  # A node of many pods has thousands of mounts: stop when all is found that we are in ourselves.
  if [[ -z ${root} ]]; then mapfile -t lines </proc/self/cgroup || true; fi
  for line in ${lines[*]-}; do
    case ${line} in
      *:freezer:* | *,freezer:* | *:freezer,*) expected=v1 ;;
      0::*) expected+=v2 ;;
    esac
  done
  mapfile -t lines <"${root}/proc/self/mountinfo" || true
  for line in ${lines[*]-}; do
    case ${line} in
      *' - cgroup2 '*) hierarchy=v2 ;;
      *' - cgroup '*) hierarchy=v1 ;;
      *) continue ;;
    esac
    options=${line##* }
    [[ ${hierarchy} == v2 || ",${options}," == *,freezer,* ]] || continue
    rest=${line#* * * } # the root of the mount, then its place, spaces as \040
    [[ ${rest%% *} == / ]] || continue
    rest=${rest#* }
    rest=${rest%% *}
    printf -v rest '%b' "${rest//\\/\\0}"
    if [[ -z ${mount[${hierarchy}]} && -d ${root}${rest} ]]; then
      mount[${hierarchy}]=${root}${rest%/}
      roots+=("${root}${rest%/}/")
      [[ ${mount[v1]:+v1}${mount[v2]:+v2} != "${expected}" ]] || break
    fi
  done
}

take_lock() { # one thaw at a time; the kernel drops the lock with its last descriptor
  local file=${root}/run/podthaw.lock
  [[ ${action} == thaw && -z ${PODTHAW_NO_FORK:-} ]] || return 0
  if [[ -n ${root} ]]; then
    type -P flock >/dev/null || return 0
    [[ -d ${root}/run ]] || file=${root}/podthaw.lock
  fi
  exec {lock}>>"${file}" || die 3 "cannot open the lock ${file}"
  forking=1
  flock -w 30 "${lock}" || die 3 'busy: another thaw held the lock for 30 s'
  forking=''
}

# --- workers: whatever may block runs in one, and is never waited for --------------------------

spawn() { # function arguments...: it answers in lines on the queue
  forking=1
  if [[ -z ${queue} ]]; then
    # Opened for reading and writing, the pipe never ends and can be waited on without a fork.
    exec {queue}<> <(work "$@")
  else
    # Opened anew for writing alone, so that a worker which outlives us gets EPIPE.
    work "$@" >"/dev/fd/${queue}" &
  fi
  forking=''
}

work() { # a worker may hang without harm
  set +e
  let_go
  "$@"
}

become() { # program arguments...: in a child, without a second one
  let_go
  exec "$@"
}

let_go() { # a child holds neither the lock nor our output
  trap - EXIT
  exec </dev/null {stderr}>&-
  if [[ -n ${lock} ]]; then exec {lock}>&-; fi
  if [[ -n ${queue} ]]; then exec {queue}>&-; fi
}

open_queue() {
  [[ -z ${queue} ]] || return 0
  if [[ -z ${PODTHAW_NO_FORK:-} ]]; then
    spawn :
  else
    exec {queue}<>/dev/udp/127.0.0.1/9 # nothing is ever sent: only something to wait on
  fi
}

hear() { # milliseconds: takes in one line of a worker's; fails when the time is up
  local limit=$(($1 > 0 ? $1 : 1)) line rest
  printf -v limit '%d.%03d' $((limit / 1000)) $((limit % 1000))
  open_queue
  IFS= read -r -t "${limit}" -u "${queue}" line || return 1
  rest=${line#* }
  case ${line} in
    'wrote '*) note_written "${rest%% *}" "${rest#* }" ;;
    "saw ${looks} "*) note_seen "${rest#* }" ;;
  esac
}

# --- find: pods and cgroups -------------------------------------------------------------------

declare -A pod_places=() # UID -> lines of "v1 /path"
kubepods_seen=''
places=() # per target: lines of "v1 /path", the cgroups it stands for
absent=()

is_kubepods() {
  [[ $1 == kubepods || $1 == kubepods.slice || $1 == *-kubepods.slice ]]
}

pod_of() { # cgroup name -> reply, the UID, if this is a pod's own cgroup
  case $1 in
    pod*) reply=${1#pod} ;;
    *kubepods*-pod*.slice)
      reply=${1##*-pod}
      reply=${reply%.slice}
      reply=${reply//_/-}
      ;;
    *) return 1 ;;
  esac
  is_uid "${reply}" && reply=${reply,,}
}

pods_ahead='' # a descriptor, to read what a search for pods finds

search_pods() { # UID or nothing: begins to look for one pod's places or every pod's
  local h='[0-9A-Fa-f]' any='????'
  can_fork find || return 0
  h+=${h}${h}${h}${h}${h}${h}${h}
  forking=1
  exec {pods_ahead}< <(become find "${roots[@]}" -xdev -type d \( \( \
    -name "pod${h}-${any}-${any}-${any}-${any}${any}${any}" -o \
    -name "pod${h}${any}${any}${any}${any}${any}${any}" -o \
    -name "*kubepods*-pod${h}_${any}_${any}_${any}_${any}${any}${any}.slice" -o \
    -name "*kubepods*-pod${h}${any}${any}${any}${any}${any}${any}.slice" \) -prune -iname "*${1//-/[-_]}*" \
    -o -name kubepods -o -name '*kubepods.slice' \) \
    \( -path "${mount[v1]:-none}/*" -printf 'v1 /%P\n' -o -printf 'v2 /%P\n' \) 2>/dev/null)
  forking=''
}

find_pods() { # UID or nothing -> pod_places; the outermost pod component of a path names the pod
  local lines=() line
  [[ -n ${pods_ahead} ]] || search_pods "$1"
  if [[ -n ${pods_ahead} ]]; then
    mapfile -t -u "${pods_ahead}" lines
    exec {pods_ahead}<&-
    pods_ahead=''
  fi
  if ((${#lines[@]} == 0)); then
    for line in v1 v2; do look_for_pods "${line} "; done
  fi
  for line in ${lines[*]-}; do
    kubepods_seen=1
    if pod_of "${line##*/}"; then pod_places["${reply}"]+=${line}${nl}; fi
  done
  [[ -n ${kubepods_seen} ]] || die 3 'no kubepods tree here: is this a Kubernetes node?'
}

look_for_pods() { # place -> adds to the caller's lines, for a node without a find or a PID to spare
  local child children
  [[ -n ${mount[${1%% *}]} ]] || return 0
  children_in "$1"
  for child in ${children}; do
    if pod_of "${child}"; then
      lines+=("$1/${child}")
    else
      if is_kubepods "${child}"; then lines+=("$1/${child}"); fi
      look_for_pods "$1/${child}"
    fi
  done
}

place_at() { # directory -> reply: "v1 /path"
  # One hierarchy may be mounted inside the other: the longer mount point decides.
  if [[ -n ${mount[v1]} && $1 == "${mount[v1]}/"* && (${#mount[v1]} -gt ${#mount[v2]} || $1 != "${mount[v2]}/"*) ]]; then
    reply="v1 ${1#"${mount[v1]}"}"
  else
    reply="v2 ${1#"${mount[v2]}"}"
  fi
}

find_targets() {
  local asked=(${targets[*]-}) target only=''
  if [[ -n ${every_pod} ]]; then
    find_every_pod
    return
  fi
  targets=()
  if ((${#asked[@]} == 1)); then only=1; fi
  for target in "${asked[@]}"; do
    if is_uid "${target}"; then
      find_uid "${target}"
    elif [[ ${target} == /* ]]; then
      find_path "${target}"
    else
      find_pid "${target}"
    fi
  done
}

found() { # target lines
  if [[ -n $2 ]]; then
    targets+=("$1")
    places+=("$2")
  else
    absent+=("$1")
  fi
}

find_uid() {
  [[ -n ${kubepods_seen} ]] || find_pods "${only:+$1}"
  found "$1" "${pod_places["${1,,}"]:-}"
}

find_path() {
  local hierarchy here=''
  for hierarchy in v1 v2; do
    if [[ -n ${mount[${hierarchy}]} && -d ${mount[${hierarchy}]}$1 ]]; then
      here+="${hierarchy} $1"${nl}
    fi
  done
  found "$1" "${here}"
}

find_pid() { # a PID stands for its whole pod; outside a pod, for its own cgroup
  local line here=''
  if [[ ! -d ${root}/proc/$1 ]]; then
    absent+=("$1")
    return
  fi
  cgroups_of "$1"
  for line in ${reply_lines[*]-}; do
    place_of "${line#* }"
    if [[ -n ${pod} ]]; then
      [[ -n ${kubepods_seen} ]] || find_pods "${only:+${pod}}"
      here=${pod_places["${pod}"]:-}
      break
    fi
    here+=${line}${nl}
  done
  # A process without a cgroup to freeze is still a target: it has tasks.
  targets+=("$1")
  places+=("${here:- $1}")
}

cgroups_of() { # pid -> reply_lines, "v1 /path"
  local own_v1='' own_v2='' relative children
  reply_lines=()
  read_cgroup_file "$1"
  # An exiting task reads / on v1, whatever cgroup it is in. Its v2 path still tells, or a thread
  # that is not exiting, or the tasks files, or (an init in zap) the children it waits for.
  if [[ ${own_v1:-/} == / && ${own_v2:-/} == / ]]; then
    folders_in "${root}/proc/$1/task"
    for relative in ${children}; do
      [[ ${own_v1:-/} == / ]] || break
      read_cgroup_file "$1/task/${relative}"
    done
    if [[ ${own_v1:-/} == / ]]; then find_listed "$1"; fi
    if [[ ${own_v1:-/} == / ]]; then
      children_of "$1"
      for relative in ${reply}; do
        [[ ${own_v1:-/} == / ]] || break
        read_cgroup_file "${relative}"
      done
    fi
  elif [[ ${own_v1:-/} == / ]]; then
    own_v1=${own_v2}
  fi
  add_place v1 "${own_v1}"
  add_place v2 "${own_v2}"
}

read_cgroup_file() { # place below /proc -> the caller's own_v1, own_v2
  local lines=() line path
  mapfile -t lines <"${root}/proc/$1/cgroup" || true
  for line in ${lines[*]-}; do
    path=${line#*:*:} # paths may hold colons
    [[ ${path}/ != */../* ]] || die 3 "process ${1%%/*} is in a foreign cgroup namespace: ${path}"
    path=${path% (deleted)}
    line=${line#*:}
    case ",${line%%:*}," in
      *,freezer,*) own_v1=${path} ;;
      ,,) own_v2=${path} ;;
    esac
  done
}

find_listed() { # tid -> the caller's own_v1, if a v1 tasks file lists it
  local lines=()
  [[ -n ${mount[v1]} ]] || return 0
  grep_lines -rlxsF --include=tasks -- "$1" "${mount[v1]}/"
  if ((${#lines[@]} > 0)); then
    own_v1=${lines[0]#"${mount[v1]}"}
    own_v1=/${own_v1#/}
    own_v1=${own_v1%/tasks}
  fi
}

children_of() { # pid -> reply
  local thread line children
  reply=''
  folders_in "${root}/proc/$1/task"
  for thread in ${children}; do
    line=''
    read -r line <"${root}/proc/$1/task/${thread}/children" || true
    reply+=${line// /${nl}}${nl}
  done
}

can_fork() { # program
  [[ -z ${PODTHAW_NO_FORK:-} ]] && type -P "$1" >/dev/null
}

grep_lines() { # grep arguments... -> the caller's lines; one fork, never in a loop
  lines=()
  if can_fork grep; then
    forking=1
    mapfile -t lines < <(become grep "$@")
    forking=''
  fi
}

add_place() { # hierarchy path
  if [[ -n ${mount[$1]} && -n $2 && $2 != / && -d ${mount[$1]}$2 ]]; then
    reply_lines+=("$1 $2")
  fi
}

declare -A pod_at=() level_at=() container_at=() # path -> what place_of found

place_of() { # path -> pod, level, container
  level=${level_at["$1"]:-}
  if [[ -z ${level} ]]; then
    read_path "$1"
    pod_at["$1"]=${pod} level_at["$1"]=${level} container_at["$1"]=${container}
  fi
  pod=${pod_at["$1"]} container=${container_at["$1"]}
}

read_path() { # path -> pod, level, container
  local rest=${1#/} name inside='' depth=0
  pod='' level=outside-pod container=''
  while [[ -n ${rest} ]]; do
    name=${rest%%/*}
    if [[ ${rest} == */* ]]; then rest=${rest#*/}; else rest=''; fi
    if [[ -n ${pod} ]]; then
      depth=$((depth + 1))
      if ((depth == 1)); then container_id "${name}"; fi
    elif pod_of "${name}"; then
      pod=${reply}
    elif is_kubepods "${name}"; then
      inside=1
    fi
  done
  if [[ -n ${pod} ]]; then
    case ${depth} in
      0) level=pod ;;
      1) level=container ;;
      *) level=nested ;;
    esac
  elif [[ -n ${inside} ]]; then
    level='above-pod'
  fi
}

container_id() { # cgroup name -> container
  container=$1
  if [[ ${container} == *.scope ]]; then
    container=${container%.scope}
    container=${container##*-}
  fi
}

# --- judge: own freezes, effective states, tasks ------------------------------------------------

freezes=()           # per target: lines of "v1 /path" that froze themselves, deepest first
tids=()              # per target: its tasks at the start
scan=0               # number of the scan under way
declare -A seen=()   # "scan tid" -> listed in it
declare -A held=()   # tid -> 1 where a freeze holds it
declare -A lifted=() # place -> a later sample no longer showed the freeze
declare -A before=() after=() done_to=() left_why=()
declare -A since=()
declare -A state_of=() signals_of=() tgid_of=() ppid_of=() nspid_of=() tracer_of=()
unreadable='' # the first cgroup file that is there but cannot be read

dir_of() { # place -> dir
  dir=${mount[${1%% *}]}${1#* }
}

own_bit() { # place -> reply: 1, 0 or gone
  local dir file=cgroup.freeze
  dir_of "$1"
  if [[ $1 == v1* ]]; then file=freezer.self_freezing; fi
  reply=''
  read -r reply <"${dir}/${file}" || true
  if [[ ${reply} != [01] ]]; then
    if [[ -e ${dir}/${file} && ! -r ${dir}/${file} ]]; then unreadable=${dir}/${file}; fi
    reply=gone
  fi
}

effective_state() { # place -> reply
  local dir lines=()
  dir_of "$1"
  if [[ $1 == v1* ]]; then
    reply=''
    read -r reply <"${dir}/freezer.state" || true
    reply=${reply:-gone}
    return
  fi
  mapfile -t lines <"${dir}/cgroup.events" || true
  case "${nl}${lines[*]-}${nl}" in
    *"${nl}frozen 1${nl}"*) reply=frozen ;;
    *"${nl}frozen 0${nl}"*) told_to_freeze "$1" ;;
    *) reply=gone ;;
  esac
}

told_to_freeze() { # v2 place -> reply: freezing where it or an ancestor is told to, but a task will not
  local place=$1
  while [[ ${place} == */* ]]; do
    own_bit "${place}"
    if [[ ${reply} == 1 ]]; then
      reply=freezing
      return
    fi
    place=${place%/*}
  done
  reply=thawed
}

scan_targets() {
  local target
  for ((target = 0; target < ${#targets[@]}; target++)); do
    scan_target "${target}"
    freezes[target]=${scanned}
    tids[target]=${scanned_tids}
    note_states "${scanned}"
  done
}

scan_target() { # target -> scanned, scanned_tids
  local place
  scanned='' scanned_tids='' scan=$((scan + 1))
  for place in ${places[$1]}; do
    if [[ ${place} == ' '* ]]; then scanned_tids+=${place# }${nl} seen["${scan}${place}"]=1; else scan_place "${place}"; fi
  done
}

scan_place() { # place: everything at and below it, then its ancestors
  local above=${1%/*} frozen_above='' frozen=''
  while [[ ${above} == */* ]]; do
    own_bit "${above}"
    if [[ ${reply} == 1 ]]; then
      frozen_above+=${above}${nl}
      frozen=1
    fi
    above=${above%/*}
  done
  descend "$1" "${frozen}"
  scanned+=${frozen_above}
}

descend() { # place frozen: deepest first
  local own frozen=$2 child children
  own_bit "$1"
  own=${reply}
  if [[ ${own} == 1 ]]; then frozen=1; fi
  list_tids "$1" "${frozen}"
  children_in "$1"
  for child in ${children}; do descend "$1/${child}" "${frozen}"; done
  if [[ ${own} == 1 ]]; then scanned+=$1${nl}; fi
}

children_in() { # place -> children, names
  local dir
  dir_of "$1"
  folders_in "${dir}"
}

folders_in() { # dir -> children, names
  local child
  children=''
  set +f
  for child in "$1"/*/; do
    child=${child%/}
    children+=${child##*/}${nl}
  done
  set -f
}

list_tids() { # place frozen
  local dir file=tasks lines=() tid
  dir_of "$1"
  if [[ $1 == v2* ]]; then file=cgroup.threads; fi
  mapfile -t lines <"${dir}/${file}" || true
  for tid in ${lines[*]-}; do
    if [[ -n $2 ]]; then held["${tid}"]=1; fi
    if [[ -z ${seen["${scan} ${tid}"]:-} ]]; then
      seen["${scan} ${tid}"]=1
      scanned_tids+=${tid}${nl}
    fi
  done
}

note_states() { # lines of places: the effective state, and for how long where the kernel tells
  local line value
  for line in $1; do
    [[ -z ${before["${line}"]:-} ]] || continue
    effective_state "${line}"
    before["${line}"]=${reply}
    if [[ -n ${text} ]]; then
      three_values "${line}"
      values_before["${line}"]=${reply}
    fi
    if [[ ${line} == v2* ]]; then
      value=''
      read -r value <"${mount[v2]}${line#* }/cgroup.stat.local" || true
      value=${value#frozen_usec }
      if [[ ${value} =~ ^[0-9]+$ ]]; then since["${line}"]=$((value / 1000000)); fi
    fi
  done
}

signals_at=0 # the line of the status file that has the pending signals: one for most tasks

read_status() { # tid -> state_of, signals_of, tgid_of, ...
  local lines=() at
  mapfile -t lines <"${root}/proc/$1/status" || true
  # The kernel's order since 4.1 saves a loop over the lines of every task.
  if [[ ${lines[2]-} == State:* && ${lines[3]-} == Tgid:* && ${lines[6]-} == PPid:* && ${lines[7]-} == TracerPid:* &&
    ${lines[13]-} == NSpid:* && ${lines[signals_at]-} == SigPnd:* ]]; then
    comm_of["$1"]=${lines[0]:6} state_of["$1"]=${lines[2]:7:1} tgid_of["$1"]=${lines[3]:6} ppid_of["$1"]=${lines[6]:6}
    tracer_of["$1"]=${lines[7]:11} nspid_of["$1"]=${lines[13]:7}
    signals_of["$1"]=$((16#${lines[signals_at]:8} | 16#${lines[signals_at + 1]:8}))
    return
  fi
  ((${#lines[@]} > 0)) || return 1
  signals_of["$1"]=0
  for ((at = 0; at < ${#lines[@]}; at++)); do
    case ${lines[at]} in
      Name:*) comm_of["$1"]=${lines[at]:6} ;;
      State:*) state_of["$1"]=${lines[at]:7:1} ;;
      Tgid:*) tgid_of["$1"]=${lines[at]:6} ;;
      PPid:*) ppid_of["$1"]=${lines[at]:6} ;;
      TracerPid:*) tracer_of["$1"]=${lines[at]:11} ;;
      NSpid:*) nspid_of["$1"]=${lines[at]:7} ;;
      ShdPnd:*) signals_of["$1"]=$((${signals_of["$1"]} | 16#${lines[at]:8})) ;;
      SigPnd:*)
        signals_of["$1"]=$((16#${lines[at]:8}))
        signals_at=${at}
        ;;
    esac
  done
}

kill_pending() { # tid
  local signals=${signals_of["$1"]:-0}
  (((signals & 0x100) != 0))
}

totals=() killed=() resuming=()
unlisted=() # per target: tasks that no cgroup lists, but that belong to it

weigh_tasks() { # before the thaw: who is about to die, and who will run on
  local target tid
  for ((target = 0; target < ${#targets[@]}; target++)); do
    totals[target]=0 killed[target]=0 resuming[target]=0
    for tid in ${tids[target]}; do
      totals[target]=$((totals[target] + 1))
      read_status "${tid}" || continue
      if kill_pending "${tid}"; then
        killed[target]=$((killed[target] + 1))
      elif [[ -n ${held["${tid}"]:-} ]]; then
        resuming[target]=$((resuming[target] + 1))
      fi
    done
    find_unlisted "${target}"
  done
}

find_unlisted() { # target: an exiting init or a zombie stands in no tasks file
  unlisted[$1]=''
  if [[ ${targets[$1]} =~ ^[0-9]+$ && ${#targets[$1]} -lt 8 ]]; then add_unlisted "$1" "${targets[$1]}"; fi
  if [[ -n ${freezes[$1]} ]]; then
    find_inits "$1"
  elif ((totals[$1] == 0)); then
    find_zombies "$1"
  fi
}

add_unlisted() { # target tid
  [[ ${nl}${tids[$1]}${unlisted[$1]} != *"${nl}$2${nl}"* ]] || return 0
  if read_status "$2"; then unlisted[$1]+=$2${nl}; fi
}

find_inits() { # target: from listed tasks up to the init of their PID namespace (runc#2105)
  local tid parent steps tries=0
  for tid in ${tids[$1]}; do
    [[ ${nspid_of["${tid}"]:-} == *$'\t'* ]] || continue
    tries=$((tries + 1))
    ((tries <= 50)) || break
    parent=${ppid_of["${tid}"]:-0}
    for ((steps = 0; steps < 8 && parent > 1; steps++)); do
      [[ -n ${ppid_of["${parent}"]:-} ]] || read_status "${parent}" || break
      if [[ ${nspid_of["${parent}"]:-} == *$'\t1' ]] && { kill_pending "${parent}" || share_depth "${tid}" "${parent}"; }; then
        add_unlisted "$1" "${parent}"
        break
      fi
      parent=${ppid_of["${parent}"]:-0}
    done
  done
}

share_depth() { # tid tid: as many PID namespaces deep
  [[ ${nspid_of["$1"]//[!$'\t']/} == "${nspid_of["$2"]//[!$'\t']/}" ]]
}

find_zombies() { # target: on v2 a zombie still shows its cgroup
  local zombies own_v1 own_v2 status lines
  zombie_pids
  for status in ${zombies}; do
    own_v1='' own_v2='' lines=()
    read_cgroup_file "${status}"
    if [[ -n ${own_v2} && ${own_v2} != / ]] && within "$1" "v2 ${own_v2}"; then
      add_unlisted "$1" "${status}"
    fi
  done
}

zombie_list='' zombies_known=''

zombie_pids() { # -> the caller's zombies; looked up once
  local lines=() file
  if [[ -z ${zombies_known} ]]; then
    zombies_known=1
    set +f
    grep_lines -ls '^State:.Z' "${root}/proc"/[0-9]*/status
    set -f
    for file in ${lines[*]-}; do
      file=${file%/status}
      zombie_list+=${file##*/}${nl}
    done
  fi
  zombies=${zombie_list}
}

# --- settle: runc and the kubelet freeze for a moment as routine --------------------------------

settle_down() {
  local now until
  any_freeze || return 0
  clock
  until=$((reply + settle * 1000))
  while :; do
    sample_freezes
    clock
    now=${reply}
    ((now < until)) || break
    hear $((until - now < 100 ? until - now : 100)) || true
  done
  still_freezing
}

still_freezing() { # a fork or an attach shows FREEZING for a moment: only what lasts is held open
  local line
  for line in "${!before[@]}"; do
    if is_freezing "${line}" && [[ -z ${lifted["${line}"]:-} ]]; then
      effective_state "${line}"
      if [[ ${reply} != gone ]]; then before["${line}"]=${reply}; fi
    fi
  done
}

any_freeze() {
  local target
  for ((target = 0; target < ${#targets[@]}; target++)); do
    if [[ -n ${freezes[target]} ]]; then return 0; fi
  done
  return 1
}

sample_freezes() {
  local line
  for line in "${!before[@]}"; do
    [[ -z ${lifted["${line}"]:-} ]] || continue
    own_bit "${line}"
    if [[ ${reply} != 1 ]]; then lifted["${line}"]=1; fi
  done
}

# --- thaw ---------------------------------------------------------------------------------------

points=() # places to write to, deepest first

choose_points() {
  local target line
  for ((target = 0; target < ${#targets[@]}; target++)); do
    for line in ${freezes[target]}; do
      if [[ -n ${lifted["${line}"]:-} ]]; then
        done_to["${line}"]='lifted-by-other'
      elif [[ ${action} == check ]]; then
        done_to["${line}"]=none
      elif [[ ${done_to["${line}"]:-left} == left ]]; then
        choose_point "${target}" "${line}"
      fi
    done
  done
}

choose_point() { # target place
  local why=''
  done_to["$2"]=left
  if ! within "$1" "$2"; then
    place_of "${2#* }"
    case ${level} in
      above-pod) [[ -n ${above_pod} ]] || why="set above the pod, at ${2#* }: --above-pod thaws it, for every pod below" ;;
      *) why="set outside the target, at ${2#* }" ;;
    esac
  fi
  if [[ -z ${why} ]] && traced_by_criu "$1"; then
    why="a checkpoint is in progress: ${reply}"
  fi
  if [[ -z ${why} && -n ${every_pod} ]] && ! holds_only_killed "$2"; then
    why='with --all only what waits for a SIGKILL is thawed: a task here has none pending'
  fi
  if [[ -n ${why} ]]; then
    left_why["$2"]=${why}
    return 0
  fi
  done_to["$2"]=chosen
  points+=("$2")
}

within() { # target place: at or below what the target stands for
  local line
  for line in ${places[$1]}; do
    if [[ "$2/" == "${line}/"* ]]; then return 0; fi
  done
  return 1
}

traced_by_criu() { # target -> reply, who
  local tid tracer comm
  for tid in ${tids[$1]}; do
    # It may have come while we settled.
    if ((settle > 0)); then read_status "${tid}" || continue; fi
    [[ ${tracer_of["${tid}"]:-0} != 0 ]] || continue
    tracer=${tracer_of["${tid}"]}
    comm=''
    read -r comm <"${root}/proc/${tracer}/comm" || true
    if [[ ${comm} == criu* ]]; then
      reply="criu, PID ${tracer}, is at work on this pod"
      return 0
    fi
  done
  return 1
}

holds_only_killed() { # place
  local tid
  scanned='' scanned_tids='' scan=$((scan + 1))
  descend "$1" 1
  for tid in ${scanned_tids}; do
    if read_status "${tid}" && ! kill_pending "${tid}"; then return 1; fi
  done
}

thaw_points() {
  local index hung=0 todo=()
  for ((index = 0; index < ${#points[@]}; index++)); do
    if [[ ${done_to["${points[index]}"]} == chosen ]]; then todo+=("${index}"); fi
  done
  if ((${#todo[@]} == 0)) || [[ -n ${PODTHAW_NO_FORK:-} ]]; then
    see_processes
    for index in ${todo[*]-}; do
      thaw_point "${points[index]}"
      note_written "${index}" "${reply}"
    done
    return
  fi
  if [[ -z ${looks} ]]; then
    # One worker for both: what it reads right before the writes holds them up for a moment only.
    looks=1
    clock
    spawn see_and_write $((reply + 100))
    read_names
    hear_of_writes 100 || true
  fi
  while ((${#todo[@]} > 0 && hung < 3)); do
    spawn write_points "${todo[@]}"
    if ! hear_of_writes 3000; then
      todo=("${todo[@]:1}") # leave the one that hangs, go on with the others
      hung=$((hung + 1))
    fi
  done
}

hear_of_writes() { # milliseconds: takes what it hears of off the caller's todo
  while ((${#todo[@]} > 0)); do
    if [[ ${done_to["${points[todo[0]]}"]} != chosen ]]; then
      todo=("${todo[@]:1}")
    else
      hear "$1" || return 1
    fi
  done
}

see_and_write() { # in the worker: until
  see_tasks "${looks}" "${shown_tids[*]-}"
  clock
  ((reply > $1)) || write_points "${todo[@]}"
}

write_points() { # in the worker: index...
  local index
  for index in "$@"; do
    thaw_point "${points[index]}"
    # A failed write may leave text in bash's output buffer: begin a line of our own.
    printf '\nwrote %d %s\n' "${index}" "${reply}"
  done
  [[ -n ${root} ]] || tell_kernel_log "$@"
}

thaw_point() { # place -> reply: lifted, failed, thawed, or written where the bit has not cleared yet
  own_bit "$1"
  if [[ ${reply} != 1 ]]; then
    reply=lifted
  elif write_thaw "$1"; then
    own_bit "$1" # at once: what shows later may be a new freeze
    if [[ ${reply} == 1 ]]; then reply=written; else reply=thawed; fi
  else
    reply=failed
  fi
}

write_thaw() { # place
  case $1 in
    v1*) printf 'THAWED\n' >"${mount[v1]}${1#* }/freezer.state" ;;
    *) printf '0\n' >"${mount[v2]}${1#* }/cgroup.freeze" ;;
  esac
}

note_written() { # index result: the first that is heard of a point counts
  local place=${points[$1]}
  [[ ${done_to["${place}"]} == chosen ]] || return 0
  case $2 in
    lifted) done_to["${place}"]='lifted-by-other' ;;
    written | thawed) done_to["${place}"]=$2 ;;
    *)
      done_to["${place}"]=failed
      left_why["${place}"]="the write to ${place#* } failed"
      ;;
  esac
}

read_back() { # each own bit once: freezer.state would still show a frozen ancestor's state
  local place index
  for ((index = 0; index < ${#points[@]}; index++)); do
    place=${points[index]}
    case ${done_to["${place}"]} in
      chosen)
        done_to["${place}"]=failed
        left_why["${place}"]="the write to ${place#* } did not return"
        ;;
      written) read_back_point "${place}" ;;
    esac
  done
}

read_back_point() { # place
  local tries
  for ((tries = 0; tries < 10; tries++)); do
    own_bit "$1"
    if [[ ${reply} != 1 ]]; then
      done_to["$1"]=thawed
      return 0
    fi
    hear 50 || true
  done
  done_to["$1"]=failed
  left_why["$1"]="${1#* } was written to, but still says that it is frozen"
}

tell_kernel_log() { # in the worker, after the writes: index...
  local index
  for index in "$@"; do
    printf 'podthaw: wrote to thaw %s\n' "${points[index]}" >/dev/kmsg
  done
}

# --- watch --------------------------------------------------------------------------------------

exited=() remaining=()

watch_tasks() { # until every task that a freeze held is gone, or the time is up
  local now until again
  clock
  until=$((reply + wait * 1000))
  again=$((reply + (wait > 4 ? 2000 : wait * 500)))
  while any_written; do
    clock
    now=${reply}
    ((now < until)) || break
    held_are_left || break
    if ((now >= again)); then
      write_again
      again=${until}
    fi
    hear $((until - now < 100 ? until - now : 100)) || true
  done
  count_left
}

write_again() { # tasks linger: some kernels need a second write to wake them all
  if [[ -z ${PODTHAW_NO_FORK:-} ]]; then spawn write_points_again; fi
}

write_points_again() { # in the worker. A bit that is set again is another's freeze: left alone.
  local index place
  for ((index = 0; index < ${#points[@]}; index++)); do
    place=${points[index]}
    [[ ${done_to["${place}"]} == thawed ]] || continue
    own_bit "${place}"
    if [[ ${reply} == 0 ]]; then write_thaw "${place}"; fi
  done
}

any_written() {
  local index
  for ((index = 0; index < ${#points[@]}; index++)); do
    if [[ ${done_to["${points[index]}"]} == thawed ]]; then return 0; fi
  done
  return 1
}

held_are_left() {
  local tid
  for tid in "${!held[@]}"; do
    if [[ -d ${root}/proc/${tid} ]] && still_listed "${tid}"; then return 0; fi
  done
  return 1
}

still_listed() { # tid: a zombie or a dead task no longer counts
  local lines=() line
  mapfile -t lines <"${root}/proc/$1/status" || true
  for line in ${lines[*]-}; do
    case ${line} in
      State:*[ZX]*'('*) return 1 ;;
      State:*) return 0 ;;
    esac
  done
  return 1
}

now_frozen=() # per target: lines of places whose own bit is set at the end

count_left() {
  local target tid
  for ((target = 0; target < ${#targets[@]}; target++)); do
    if [[ ${action} == check && ${settle} == 0 ]]; then
      now_frozen[target]=${freezes[target]} remaining[target]=${totals[target]} exited[target]=0
      continue # seen a moment ago
    fi
    scan_target "${target}"
    now_frozen[target]=${scanned}
    remaining[target]=0 exited[target]=0
    for tid in ${scanned_tids}; do
      remaining[target]=$((remaining[target] + 1))
    done
    for tid in ${tids[target]}; do
      if [[ -z ${seen["${scan} ${tid}"]:-} ]]; then exited[target]=$((exited[target] + 1)); fi
    done
  done
}

# --- explain: what tasks wait in. Supporting evidence only, and it may block: see work() ---------

declare -A wchan_of=() stack_of=() comm_of=()
most_processes=12 # per target, and fewer where many targets share one report
shown_tids=()     # per target: those that the report shows

choose_processes() {
  local target line
  if ((${#targets[@]} > 16)); then most_processes=$((${#targets[@]} < 100 ? 200 / ${#targets[@]} : 2)); fi
  # Right before a write there is time for a little evidence only.
  if [[ ${action} == thaw && ${settle} == 0 ]] && ((most_processes > 4)); then most_processes=4; fi
  for ((target = 0; target < ${#targets[@]}; target++)); do
    choose_tids "${unlisted[target]}${tids[target]}"
    for line in ${freezes[target]}; do
      # Any task may be the one that holds it: what they wait in tells, see explain_targets.
      if is_freezing "${line}"; then chosen=${unlisted[target]}${tids[target]}; fi
    done
    shown_tids[target]=${chosen}
  done
}

read_names() { # the status file has them too, but escaped
  local tid name
  for tid in ${shown_tids[*]-}; do
    name=''
    IFS= read -r -d '' name <"${root}/proc/${tid}/comm" || true
    if [[ -n ${name} ]]; then comm_of["${tid}"]=${name%"${nl}"}; fi
  done
}

see_processes() {
  read_names
  [[ -n ${looks} ]] || look 2000 "${shown_tids[*]-}"
}

is_freezing() { # place
  [[ ${before["$1"],,} == freezing ]]
}

choose_tids() { # tids -> chosen: those in I/O first, then those that wait for a kill, D, the rest
  local tid rank stuck='' killed_ones='' waiting='' others='' count=0
  chosen=''
  for tid in $1; do
    reply=''
    if [[ -n ${wchan_of["${tid}"]:-} ]]; then wait_of "${tid}"; fi
    if [[ ${reply} == @(nfs|fuse|fsfreeze|block-io) ]]; then
      stuck+=${tid}${nl}
    elif kill_pending "${tid}"; then
      killed_ones+=${tid}${nl}
    elif [[ ${state_of["${tid}"]:-} == [DZ] ]]; then
      waiting+=${tid}${nl}
    else
      others+=${tid}${nl}
    fi
  done
  for rank in ${stuck}${killed_ones}${waiting}${others}; do
    ((count < most_processes)) || break
    chosen+=${rank}${nl}
    count=$((count + 1))
  done
}

looks=''             # number of the last look, if any
declare -A looked=() # tid -> number of the look that saw it

look() { # milliseconds tids: a task that hangs its worker is skipped by the next one
  local todo=($2) at=0 until hung=0
  clock
  until=$((reply + $1))
  while ((at < ${#todo[@]} && hung < 4 && reply < until)) && [[ -z ${PODTHAW_NO_FORK:-} ]]; do
    looks=$((looks + 1))
    spawn see_tasks "${looks}" "${todo[*]:at}"
    hear_of_tasks "${until}" || hung=$((hung + 1))
    clock
  done
}

hear_of_tasks() { # until: moves the caller's at past what it hears of
  while ((at < ${#todo[@]})); do
    if [[ ${looked["${todo[at]}"]:-} == "${looks}" ]]; then
      at=$((at + 1))
      continue
    fi
    clock
    if ! hear $(($1 - reply < 300 ? $1 - reply : 300)); then
      at=$((at + 1))
      return 1
    fi
  done
}

note_seen() { # "tid wchan stack"
  local tid=${1%% *} rest=${1#* } frame
  looked["${tid}"]=${looks}
  wchan_of["${tid}"]=${rest%% *}
  stack_of["${tid}"]=''
  rest=${rest#* }
  for frame in ${rest//'[<'/${nl}}; do
    frame=${frame#*] }
    stack_of["${tid}"]+="${frame%%[+ ]*} "
  done
}

see_tasks() { # in the worker: look tids
  local tid wchan lines stack
  for tid in $2; do
    wchan='' lines=()
    read -r wchan <"${root}/proc/${tid}/wchan"
    mapfile -t lines <"${root}/proc/${tid}/stack"
    [[ -n ${wchan} && ${wchan} != 0 ]] || wchan=-
    stack=${lines[*]-}
    stack=${stack:0:3000}
    printf '\nsaw %s %s %s %s\n' "$1" "${tid}" "${wchan:0:100}" "${stack//${nl}/ }"
  done
}

wait_of() { # tid -> reply: what it waits in, by the table of causes
  local state=${state_of["$1"]:-} where=" ${wchan_of["$1"]:-} ${stack_of["$1"]:-}"
  if [[ ${state} == Z ]]; then
    reply=zombie
    return
  fi
  reply=running
  [[ ${state} != D ]] || reply=unknown
  case ${where} in
    *' __refrigerator '*) return 0 ;; # frozen, whatever it had waited for
    *' zap_pid_ns_processes '*) reply='waiting-for-child' ;;
    *) [[ ${state} == D ]] || kill_pending "$1" || return 0 ;;
  esac
  case ${where} in
    *' rpc_'* | *' nfs'*) reply=nfs ;;
    *' request_wait_answer '* | *' fuse_'*) reply=fuse ;;
    *percpu_down_write*) ;; # the other side of such a lock: freezes a file system, or moves a process
    *percpu_*mnt_want_write* | *percpu_*sb_start_* | *percpu_*write* | *percpu_*trunc*) reply=fsfreeze ;;
    *' io_schedule'* | *' folio_wait_'* | *wait_on_page_* | *wait_on_buffer* | *' jbd2_'* | *' ext4_'* | *' xfs_'* | *' blk_'* | *' wb_wait_'* | *iomap_dio*) reply=block-io ;;
    *' zap_pid_ns_processes '*) reply='waiting-for-child' ;;
  esac
}

explain() { # tids -> reply, the first cause that applies; blamed, a task that shows it
  local tid wanted
  local -A example=()
  for tid in $1; do
    wait_of "${tid}"
    if [[ -z ${example["${reply}"]:-} ]]; then example["${reply}"]=${tid}; fi
  done
  # Zombies count only where they are all there is.
  for wanted in nfs fuse fsfreeze block-io waiting-for-child unknown running zombie; do
    blamed=${example["${wanted}"]:-}
    reply=${wanted}
    if [[ -n ${blamed} ]]; then return 0; fi
  done
  reply='no-tasks'
}

# --- conclude -----------------------------------------------------------------------------------

verdicts=() causes=() reasons=() holdings=()
explained=() blamed_task=()               # per target: what its tasks waited in before the thaw
processes_full=() processes_bare=()       # per target: JSON, with and without stacks
declare -A values_before=() values_now=() # per place, for --text: the freezer's files

explain_targets() { # from evidence of before the thaw, which later looks overwrite
  local target
  for ((target = 0; target < ${#targets[@]}; target++)); do
    choose_tids "${shown_tids[target]}"
    shown_tids[target]=${chosen}
    explain "${chosen}"
    explained[target]=${reply} blamed_task[target]=${blamed}
    if [[ -n ${text} ]]; then
      text_processes "${target}"
      processes_full[target]=${reply}
    else
      json_processes "${target}" 0
      processes_full[target]=${reply}
      json_processes "${target}" 1
      processes_bare[target]=${reply}
    fi
  done
}

explain_left() { # what holds the tasks that a thaw left behind
  local target tid left all=''
  for ((target = 0; target < ${#targets[@]}; target++)); do
    holdings[target]=''
    left_tids[target]=''
    if ((remaining[target] == 0)) || ! thawed_here "${target}"; then continue; fi
    for tid in ${unlisted[target]}${tids[target]}; do
      if [[ -n ${held["${tid}"]:-} || ${nl}${unlisted[target]} == *"${nl}${tid}${nl}"* ]] && read_status "${tid}"; then
        left_tids[target]+=${tid}${nl}
      fi
    done
    choose_tids "${left_tids[target]}"
    left_tids[target]=${chosen}
    all+=${chosen}
  done
  [[ -n ${all} ]] || return 0
  look 1000 "${all}"
  for ((target = 0; target < ${#targets[@]}; target++)); do
    left=${left_tids[target]}
    if [[ -n ${left} ]]; then
      explain "${left}"
      holdings[target]=${reply}
    fi
  done
}

left_tids=()

thawed_here() { # target
  local line
  for line in ${freezes[$1]}; do
    if [[ ${done_to["${line}"]:-} == thawed ]]; then return 0; fi
  done
  return 1
}

conclude() {
  local target
  for ((target = 0; target < ${#targets[@]}; target++)); do
    note_after "${target}"
    judge_cause "${target}"
    judge_verdict "${target}"
  done
}

note_after() { # target: effective states at the end, and freezes that came meanwhile
  local line
  for line in ${now_frozen[$1]}; do
    if [[ ${nl}${freezes[$1]} != *"${nl}${line}${nl}"* ]]; then
      freezes[$1]+=${line}${nl}
      note_states "${line}"
      done_to["${line}"]=left
      left_why["${line}"]="${line#* } froze while we looked on: not long enough to act on"
    fi
  done
  for line in ${freezes[$1]}; do
    if [[ ${done_to["${line}"]:-none} == @(none|left) && ${nl}${now_frozen[$1]} != *${nl}"${line}"${nl}* ]]; then
      done_to["${line}"]='lifted-by-other'
    fi
    effective_state "${line}"
    after["${line}"]=${reply}
    if [[ -n ${text} ]]; then
      three_values "${line}"
      values_now["${line}"]=${reply}
    fi
  done
}

judge_cause() { # target: the first that applies
  local line levels=' ' freezing=''
  for line in ${freezes[$1]}; do
    [[ ${done_to["${line}"]:-} != lifted-by-other ]] || continue
    place_of "${line#* }"
    levels+="${level} "
    if is_freezing "${line}"; then freezing=1; fi
  done
  case "${freezing}${levels}" in
    ' ') causes[$1]=${explained[$1]} ;;
    1*) causes[$1]='held-freezing' ;;
    *' above-pod '*) causes[$1]='above-pod' ;;
    *' pod '*) causes[$1]=pod ;;
    *' nested '*) causes[$1]=nested ;;
    *' container '*) causes[$1]=paused ;;
    *) causes[$1]='outside-pod' ;;
  esac
}

judge_verdict() { # target: the worst that applies
  local line end ends=' '
  reasons[$1]='' verdicts[$1]='not-frozen'
  for line in ${freezes[$1]}; do
    end_of "$1" "${line}"
    end=${reply}
    ends+="${end} "
    reason_for "$1" "${end}" "${line}"
  done
  case ${ends} in
    *' failed '*) verdicts[$1]='thaw-failed' ;;
    *' refrozen '*) verdicts[$1]=refrozen ;;
    *' frozen '*) verdicts[$1]=frozen ;;
    *' thawed '*) verdicts[$1]=thawed ;;
    *) reason_not_frozen "$1" "${ends}" ;;
  esac
  if [[ ${verdicts[$1]} == not-frozen && -n ${unreadable} ]]; then
    verdicts[$1]=unknown reasons[$1]="cannot read ${unreadable}"
  elif [[ ${causes[$1]} == held-freezing && -n ${reasons[$1]} ]]; then
    who_holds "$1"
    reasons[$1]+=${reply}
  fi
}

end_of() { # target place -> reply: how this freeze ended
  reply=${done_to["$2"]:-none}
  if [[ ${nl}${now_frozen[$1]} == *${nl}"$2"${nl}* ]]; then
    case ${reply} in
      failed) ;;
      thawed) reply=refrozen ;;
      *) reply=frozen ;;
    esac
  elif [[ ${reply} == failed ]]; then
    reply=thawed # late, but it cleared
    done_to["$2"]=thawed
  fi
}

reason_for() { # target end place
  local why=''
  case $2 in
    failed) why=${left_why["$3"]:-the write to ${3#* } failed} ;;
    refrozen) why="${3#* } was thawed and froze again: something keeps freezing it" ;;
    frozen) why=${left_why["$3"]:-${3#* } is ${after["$3"]}; this was a check, nothing was changed} ;;
  esac
  # The worst comes first: a later refrozen outranks an earlier frozen.
  if [[ -z ${reasons[$1]} || $2 == failed || $2 == refrozen ]]; then reasons[$1]=${why:-${reasons[$1]}}; fi
}

who_holds() { # target -> reply
  reply='; a task that will not freeze holds it in FREEZING'
  case ${explained[$1]} in
    nfs | fuse | fsfreeze | block-io)
      named_task "${blamed_task[$1]}"
      reply+=": ${reply_task} waits for ${explained[$1]}"
      ;;
  esac
}

named_task() { # tid -> reply_task
  reply_task="task $1 (${comm_of["$1"]:-?})"
}

reason_not_frozen() { # target ends
  local who=''
  if [[ $2 == *' lifted-by-other '* ]]; then
    reasons[$1]='a freeze was seen, but it lifted by itself before it counted'
    return
  fi
  if [[ -n ${blamed_task[$1]} ]]; then
    named_task "${blamed_task[$1]}"
    who=": ${reply_task}"
  fi
  case ${causes[$1]} in
    nfs) reasons[$1]="not frozen: waits for an NFS server${who}" ;;
    fuse) reasons[$1]="not frozen: waits for a FUSE server${who}" ;;
    fsfreeze) reasons[$1]="not frozen: waits for a file system frozen by fsfreeze${who}" ;;
    block-io) reasons[$1]="not frozen: waits for block I/O${who}" ;;
    waiting-for-child) reasons[$1]="not frozen: an init waits for its last children${who}" ;;
    zombie) reasons[$1]="not frozen: only zombies are left, which the shim does not reap${who}" ;;
    running) reasons[$1]='not frozen: its tasks run; the grace period, or the kubelet has not acted' ;;
    no-tasks) reasons[$1]='not frozen: no task is left; a finalizer, a volume, or the API side' ;;
    *) reasons[$1]="not frozen: what its tasks wait for is not known${who}" ;;
  esac
}

drop_quiet() { # --all: what has no finding is only counted
  local target kept=()
  [[ -n ${every_pod} ]] || return 0
  for ((target = 0; target < ${#targets[@]}; target++)); do
    case "${freezes[target]:+freeze} ${causes[target]}" in
      ' running' | ' no-tasks') quiet=$((quiet + 1)) ;;
      *) kept+=("${target}") ;;
    esac
  done
  shown_targets=(${kept[*]-})
}

# --- report -------------------------------------------------------------------------------------

signal_names=(0 HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD
  CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS)
most_bytes=22999 # the newline comes on top
quiet=0 omitted=0
declare -A high_bytes=()

quote() { # any bytes -> reply, a JSON string in ASCII
  reply=$1
  if [[ ${reply} == *[!\ -~]* || ${reply} == *[\"\\]* ]]; then escape "$1"; fi
  reply="\"${reply}\""
}

escape() { # text -> reply
  local text=$1 out='' plain
  while [[ -n ${text} ]]; do
    plain=${text%%[!\ -~]*}
    text=${text:${#plain}}
    plain=${plain//\\/\\\\}
    out+=${plain//\"/\\\"}
    [[ -n ${text} ]] || break
    code_of "${text:0:1}"
    if ((reply >= 128)); then
      decode "${text:0:4}"
      text=${text:used}
    else
      printf -v reply '\\u%04x' "${reply}"
      text=${text:1}
    fi
    out+=${reply}
  done
  reply=${out}
}

code_of() { # byte, or nothing for 0 -> reply. printf's '"c' depends on the C library for high bytes; this does not.
  local code char
  if ((${#high_bytes[@]} == 0)); then
    for ((code = 128; code < 256; code++)); do
      printf -v char '\\x%x' "${code}"
      printf -v char '%b' "${char}"
      high_bytes["x${char}"]=${code}
    done
  fi
  reply=${high_bytes["x$1"]:-}
  [[ -n ${reply} ]] || printf -v reply '%d' "'$1"
}

decode() { # text that begins with a high byte -> reply, used: one UTF-8 character or U+FFFD
  local code more least index
  code_of "${1:0:1}"
  code=${reply} reply='\ufffd' used=1
  if ((code >= 0xc2 && code < 0xe0)); then
    more=1 least=0x80 code=$((code & 0x1f))
  elif ((code >= 0xe0 && code < 0xf0)); then
    more=2 least=0x800 code=$((code & 0x0f))
  elif ((code >= 0xf0 && code < 0xf5)); then
    more=3 least=0x10000 code=$((code & 0x07))
  else
    return 0
  fi
  for ((index = 1; index <= more; index++)); do
    code_of "${1:index:1}"
    if ((reply < 0x80 || reply >= 0xc0)); then
      reply='\ufffd'
      return 0
    fi
    code=$((code << 6 | reply & 0x3f))
  done
  reply='\ufffd'
  ((code >= least && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff))) || return 0
  used=$((more + 1))
  if ((code < 0x10000)); then
    printf -v reply '\\u%04x' "${code}"
  else
    printf -v reply '\\u%04x\\u%04x' $((0xd800 + ((code - 0x10000) >> 10))) $((0xdc00 + (code & 0x3ff)))
  fi
}

shown_targets=() # --all: those with a finding

report() {
  local index
  if [[ -z ${every_pod} ]]; then
    for ((index = 0; index < ${#targets[@]}; index++)); do shown_targets+=("${index}"); done
  fi
  if [[ -n ${text} ]]; then report_text; else report_json; fi
  finished=1
}

report_json() {
  local detail target parts=() total
  json_frame
  for detail in 0 1 2 3; do
    total=$((${#frame_head} + ${#frame_tail} + 40))
    for target in ${shown_targets[*]-}; do
      json_target "${target}" "${detail}"
      parts[target]=${reply}
      total=$((total + ${#reply} + 1))
      # Far too much at this level of detail: on to the next.
      ((detail == 3 || total <= most_bytes)) || break
    done
    if ((total <= most_bytes)); then
      print_report "${detail}"
      return
    fi
  done
  drop_targets "${total}"
}

drop_targets() { # total: the least telling first
  local total=$1 pass index target
  for pass in not-frozen ''; do
    for ((index = ${#shown_targets[@]} - 1; index >= 0 && total > most_bytes; index--)); do
      target=${shown_targets[index]}
      [[ -n ${parts[target]} && ${verdicts[target]} == "${pass:-${verdicts[target]}}" ]] || continue
      total=$((total - ${#parts[target]} - 1))
      parts[target]=''
      omitted=$((omitted + 1))
    done
  done
  print_report 4
}

json_frame() { # frame_head, frame_tail: all but the targets
  local hostname='' kernel='' list='' index
  read -r hostname <"${root}/proc/sys/kernel/hostname" || hostname=${HOSTNAME:-unknown}
  read -r kernel <"${root}/proc/sys/kernel/osrelease" || kernel=unknown
  quote "${hostname}" && hostname=${reply}
  quote "${kernel}" && kernel=${reply}
  for ((index = 0; index < ${#absent[@]}; index++)); do
    if ((omitted == 0)); then quote "${absent[index]}"; fi
    if ((omitted > 0 || ${#list} + ${#reply} > 15000)); then omitted=$((omitted + 1)); else list+="${list:+,}${reply}"; fi
  done
  clock
  frame_head="{\"podthaw\":1,\"action\":\"${action}\",\"node\":{\"hostname\":${hostname},\"kernel\":${kernel},\"cgroup\":\"${node_cgroup}\"},\"startedAt\":\"${started_at}\",\"durationMs\":$((reply - started_ms)),\"targets\":["
  frame_tail="],\"absent\":[${list}],\"quiet\":${quiet},\"truncated\":"
}

print_report() { # detail
  local target list='' end=false
  for target in ${shown_targets[*]-}; do
    if [[ -n ${parts[target]} ]]; then list+="${list:+,}${parts[target]}"; fi
  done
  if (($1 + omitted > 0)); then end=true; fi
  if ((omitted > 0)); then end+=",\"omitted\":${omitted}"; fi
  printf '%s%s%s%s}\n' "${frame_head}" "${list}" "${frame_tail}" "${end}" \
    || die 3 'cannot write the report to stdout'
}

json_target() { # target detail -> reply
  local out
  quote "${targets[$1]}"
  out="{\"target\":${reply},\"verdict\":\"${verdicts[$1]}\",\"cause\":\"${causes[$1]}\""
  if [[ -n ${holdings[$1]} ]]; then out+=",\"holding\":\"${holdings[$1]}\""; fi
  if [[ ${verdicts[$1]} != thawed ]]; then
    quote "${reasons[$1]}"
    out+=",\"reason\":${reply}"
  fi
  json_freezes "$1" "$2"
  out+=",\"freezes\":[${reply}],\"tasks\":{\"total\":${totals[$1]},\"pendingKill\":${killed[$1]},\"resumes\":${resuming[$1]},\"exited\":${exited[$1]},\"left\":${remaining[$1]}}"
  case $2 in
    0) reply=${processes_full[$1]} ;;
    1) reply=${processes_bare[$1]} ;;
    *) reply='' ;;
  esac
  reply="${out},\"processes\":[${reply}]}"
}

json_freezes() { # target detail -> reply
  local line list='' count=0
  for line in ${freezes[$1]}; do
    count=$((count + 1))
    (($2 < 3 || count <= 5)) || break
    json_freeze "${line}"
    list+="${list:+,}${reply}"
  done
  reply=${list}
}

json_freeze() { # place -> reply
  local out
  place_of "${1#* }"
  quote "${1#* }"
  out="{\"hierarchy\":\"${1%% *}\",\"path\":${reply},\"level\":\"${level}\""
  if [[ -n ${container} ]]; then
    quote "${container}"
    out+=",\"container\":${reply}"
  fi
  out+=",\"before\":\"${before["$1"]}\",\"after\":\"${after["$1"]}\",\"action\":\"${done_to["$1"]:-none}\""
  if [[ -n ${since["$1"]:-} ]]; then out+=",\"since\":${since["$1"]}"; fi
  reply="${out}}"
}

json_processes() { # target detail -> reply
  local tid list=''
  for tid in ${shown_tids[$1]:-}; do
    [[ -n ${state_of["${tid}"]:-} ]] || continue
    json_process "${tid}" "$2"
    list+="${list:+,}${reply}"
  done
  reply=${list}
}

json_process() { # tid detail -> reply
  local out frame stack='' frames=${stack_of["$1"]:-}
  quote "${comm_of["$1"]:-}"
  out="{\"pid\":${tgid_of["$1"]:-$1},\"tid\":$1,\"comm\":${reply},\"state\":\"${state_of["$1"]}\""
  if [[ -n ${wchan_of["$1"]:-} && ${wchan_of["$1"]} != - ]]; then
    quote "${wchan_of["$1"]}"
    out+=",\"wchan\":${reply}"
  fi
  pending_names "${signals_of["$1"]:-0}"
  out+=",\"pending\":[${reply}],\"stack\":["
  if (($2 < 1)); then
    for frame in ${frames// /${nl}}; do
      quote "${frame}"
      stack+="${stack:+,}${reply}"
    done
  fi
  reply="${out}${stack}]}"
}

pending_names() { # mask -> reply
  local number list='' name
  for ((number = 1; number <= 64 && $1 >> (number - 1) != 0; number++)); do
    (($1 & 1 << (number - 1))) || continue
    name=${signal_names[number]:-RT${number}}
    list+="${list:+,}\"${name}\""
  done
  reply=${list}
}

# --- text, for a person at a terminal -----------------------------------------------------------

three_values() { # place -> reply: what one reads by hand
  local dir=${mount[${1%% *}]}${1#* } state=gone self='?' parent='?'
  if [[ $1 == v1* ]]; then
    read -r state <"${dir}/freezer.state" || true
    read -r self <"${dir}/freezer.self_freezing" || true
    read -r parent <"${dir}/freezer.parent_freezing" || true
    reply="freezer.state ${state}, self_freezing ${self}, parent_freezing ${parent}"
  else
    read -r self <"${dir}/cgroup.freeze" || true
    effective_state "$1"
    reply="cgroup.freeze ${self}, in effect ${reply}"
  fi
  if [[ ${self} == '?' ]]; then reply='the cgroup is gone'; fi
}

report_text() {
  local target
  for target in ${shown_targets[*]-}; do text_target "${target}"; done
  for ((target = 0; target < ${#absent[@]}; target++)); do
    text_line "${absent[target]}: no cgroup and no task of it on this node"
  done
  if [[ -n ${every_pod} ]]; then printf '%d other pods have no finding\n' "${quiet}"; fi
}

text_target() { # target
  local line
  text_line "${targets[$1]}: ${verdicts[$1]}, cause: ${causes[$1]}"
  if [[ -n ${reasons[$1]} ]]; then text_line "  ${reasons[$1]}"; fi
  if [[ -n ${processes_full[$1]} ]]; then printf '  processes, as first seen:\n%s' "${processes_full[$1]}"; fi
  for line in ${freezes[$1]}; do text_freeze "${line}"; done
  text_tasks "$1"
  if thawed_here "$1"; then
    printf '  docker and ctr may go on showing "paused"; kill and delete work all the same.\n'
  elif [[ ${action}${verdicts[$1]} == checkfrozen ]]; then
    text_line "  to thaw it: freezer.sh thaw ${targets[$1]} --text"
  fi
}

text_line() { # any bytes: nothing that could drive a terminal
  printf '%s\n' "${1//[!\ -~]/?}"
}

text_freeze() { # place
  place_of "${1#* }"
  text_line "  frozen by itself: ${level} ${container:+${container} }(cgroup ${1%% *}), ${1#* }"
  printf '    before: %s\n' "${values_before["$1"]:-?}"
  case ${done_to["$1"]:-none} in
    thawed) printf '    done:   wrote to thaw it\n' ;;
    none) printf '    done:   nothing, this was a check\n' ;;
    lifted-by-other) printf '    done:   nothing, it lifted by itself\n' ;;
    *) text_line "    done:   ${done_to["$1"]}: ${left_why["$1"]:-}" ;;
  esac
  printf '    after:  %s\n' "${values_now["$1"]:-?}"
}

text_tasks() { # target
  local will='would run on after a thaw'
  if thawed_here "$1"; then will='were free to run on'; fi
  printf '  tasks: %d at first: %d with SIGKILL pending, which can only die; %d frozen without it, which %s\n' \
    "${totals[$1]}" "${killed[$1]}" "${resuming[$1]}" "${will}"
  printf '  now: %d gone, %d left%s\n' "${exited[$1]}" "${remaining[$1]}" "${holdings[$1]:+ (${holdings[$1]})}"
}

text_processes() { # target -> reply
  local tid out=''
  for tid in ${shown_tids[$1]}; do
    [[ -n ${state_of["${tid}"]:-} ]] || continue
    pending_names "${signals_of["${tid}"]:-0}"
    reply=${reply//\"/}
    out+="    PID ${tgid_of["${tid}"]:-${tid}} task ${tid} (${comm_of["${tid}"]//[!\ -~]/?}): ${state_of["${tid}"]}"
    out+=", waits in ${wchan_of["${tid}"]:--}, pending: ${reply:-nothing}"${nl}
  done
  reply=${out}
}

# --- every pod ----------------------------------------------------------------------------------

find_every_pod() { # pods with a freeze at, above or below them become targets; the rest are counted
  local uid uids frozen_ahead=''
  if can_fork grep; then
    forking=1
    exec {frozen_ahead}< <(become grep -rlxsF --include=freezer.self_freezing --include=cgroup.freeze 1 "${roots[@]}")
    forking=''
  fi
  find_pods ''
  find_own_frozen
  note_touched
  uids=("${!touched[@]}")
  if [[ -n ${diagnose}${frozen_above} ]]; then uids=("${!pod_places[@]}"); fi
  for uid in ${uids[*]-}; do
    if [[ -n ${diagnose}${touched["${uid}"]:-} ]] || below_frozen "${pod_places["${uid}"]}"; then
      targets+=("${uid}")
      places+=("${pod_places["${uid}"]}")
    fi
  done
  quiet=$((${#pod_places[@]} - ${#targets[@]}))
}

own_frozen=''         # lines of places that froze themselves
frozen_above=''       # those of them that are outside pods
declare -A touched=() # UID -> 1 where one of them is in the pod

find_own_frozen() { # reads the caller's frozen_ahead, or walks
  local lines=() line
  if [[ -n ${frozen_ahead} ]]; then
    mapfile -t -u "${frozen_ahead}" lines
    exec {frozen_ahead}<&-
    for line in ${lines[*]-}; do
      place_at "${line%/*}"
      own_frozen+=${reply}${nl}
    done
  else
    for line in v1 v2; do
      if [[ -n ${mount[${line}]} ]]; then own_frozen_below "${line} "; fi
    done
  fi
}

note_touched() {
  local line
  for line in ${own_frozen}; do
    place_of "${line#* }"
    if [[ -n ${pod} ]]; then touched["${pod}"]=1; else frozen_above+=${line}${nl}; fi
  done
}

below_frozen() { # lines of places
  local line above
  for above in ${frozen_above}; do
    for line in $1; do
      if [[ ${line} == "${above}/"* ]]; then return 0; fi
    done
  done
  return 1
}

own_frozen_below() { # place
  local child children
  children_in "$1"
  for child in ${children}; do
    own_frozen_below "$1/${child}"
    own_bit "$1/${child}"
    if [[ ${reply} == 1 ]]; then own_frozen+=$1/${child}${nl}; fi
  done
}

main() {
  prepare
  arguments=("$@")
  read_request "$@"
  examine_node
  if ((${#targets[@]} == 1)) && is_uid "${targets[0]}"; then search_pods "${targets[0]}"; fi
  take_lock
  find_targets
  scan_targets
  weigh_tasks
  choose_processes
  if [[ ${action} == check || ${settle} != 0 ]]; then see_processes; fi
  settle_down
  choose_points
  act
}

act() { # may be entered again, see on_exit
  thaw_points
  read_back
  ((${#explained[@]} > 0)) || explain_targets
  watch_tasks
  explain_left
  conclude
  drop_quiet
  report
}

main "$@"
