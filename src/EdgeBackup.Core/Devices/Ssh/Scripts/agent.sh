# Runs on the device, in whatever POSIX shell it has (dash, ash of busybox, ksh, bash): no arrays, no local variables, no
# temporary file. Lines that begin with '#' are not sent. token and root are set in front of it.
# Answers are records that end with NUL; token, which nobody can guess, ends what may hold anything.
LC_ALL=C
PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
umask 077
printf '\n%s\n' "$token"
exec 3>&1 4>&2
say() { printf '%s\0' "$@"; }
if ! cd -P "$root" 2>/dev/null; then
  say noroot
  exit 3
fi
lister=ls
many=';'
tarkind=other
if find . -prune -printf '' >/dev/null 2>&1; then
  lister=gnu
elif [ "$(stat -c '%Y' . 2>/dev/null || echo 0)" -gt 0 ] 2>/dev/null; then
  lister=stat
elif [ "$(stat -f '%m' . 2>/dev/null || echo 0)" -gt 0 ] 2>/dev/null; then
  lister=bsd
fi
find . -prune -exec true '{}' + >/dev/null 2>&1 && many='+'
case $(tar --version 2>/dev/null) in *'GNU tar'*) tarkind=gnu ;; esac
say ok "$(date +%s)" "$lister" "$tarkind" "$(pwd -P)" "$(id -u)"
newline='
'
finish() {
  case $lister in
    stat | bsd) printf '%s\n' "$token" ;;
    *) say "$token" ;;
  esac
}
# What stands at names; those where nothing stands are left out.
look() {
  if [ $# -gt 0 ]; then
    case $lister in
      gnu) find "$@" -maxdepth 0 -printf '%y %m %s %T@ %C@ %D %i %U %G\0%p\0' 2>/dev/null ;;
      stat) stat -c '%f %s %Y %Z %d %i %u %g %n' "$@" 2>/dev/null ;;
      bsd) stat -f '%Xp %z %m %c %d %i %u %g %N' "$@" 2>/dev/null ;;
      ls) for f; do l=$(ls -lnid "$f" 2>/dev/null) && say "$(date -r "$f" +%s 2>/dev/null || echo -) $l" "$f"; done ;;
    esac
  fi
  finish
}
# Everything at and below names.
list() {
  n=$#
  i=0
  while [ "$i" -lt "$n" ]; do
    f=$1
    shift
    if [ -e "$f" ] || [ -L "$f" ]; then set -- "$@" "$f"; fi
    i=$((i + 1))
  done
  odd=
  err=
  rc=0
  if [ $# -gt 0 ]; then
    [ "$lister" = gnu ] || odd=$(find "$@" -name "*$newline*" 2>/dev/null)
    say "$odd"
    case $lister in
      gnu) err=$(find "$@" -ignore_readdir_race -printf '%y %m %s %T@ %C@ %D %i %U %G\0%p\0%l\0' 2>&1 >&3) ;;
      stat) err=$(find "$@" -exec stat -c '%f %s %Y %Z %d %i %u %g %n' '{}' "$many" 2>&1 >&3) ;;
      bsd) err=$(find "$@" -exec stat -f '%Xp %z %m %c %d %i %u %g %N' '{}' "$many" 2>&1 >&3) ;;
      ls) err=$(find "$@" -exec sh -c 'for f; do l=$(ls -lnid "$f") || exit 1; printf "%s %s\0%s\0" "$(date -r "$f" +%s 2>/dev/null || echo -)" "$l" "$f"; done' sh '{}' "$many" 2>&1 >&3) ;;
    esac
    rc=$?
  else
    say ''
  fi
  finish
  if [ "$lister" != gnu ] && [ $# -gt 0 ]; then
    find "$@" -type l -exec sh -c 'for f; do printf "%s\0%s\0" "$f" "$(readlink "$f")"; done' sh '{}' "$many" 2>/dev/null
  fi
  say "$token" "$rc" "$err"
}
# The bytes of plain files as one tar, between two looks.
deliver() {
  n=$#
  i=0
  while [ "$i" -lt "$n" ]; do
    f=$1
    shift
    if [ -f "$f" ] && [ ! -L "$f" ]; then set -- "$@" "$f"; fi
    i=$((i + 1))
  done
  look "$@"
  say "$#" "$(date +%s)"
  err=
  rc=0
  if [ $# -gt 0 ]; then
    if [ "$tarkind" = gnu ]; then
      err=$(tar --hard-dereference -b 128 -cf - "$@" 2>&1 >&3)
    else
      err=$(tar -cf - "$@" 2>&1 >&3)
    fi
    rc=$?
  fi
  # A tar that was killed has left its stream in the middle, where nobody can find on from.
  [ "$rc" -gt 128 ] && exit "$rc"
  say "$token" "$rc" "$err"
  look "$@"
  # One that failed may have left it there too.
  if [ "$rc" -gt 1 ] || { [ "$rc" = 1 ] && [ "$tarkind" != gnu ]; }; then exit "$rc"; fi
}
# Small files with what they say, each between two looks.
show() {
  for f; do
    look "$f"
    rc=0
    if [ -e "$f" ] || [ -L "$f" ]; then
      if [ -f "$f" ] && [ ! -L "$f" ]; then
        dd if="$f" bs=65536 count=65 2>/dev/null
        rc=$?
      else
        rc=200
      fi
    fi
    printf '\0%s\0%s\0' "$token" "$rc"
    look "$f"
  done
}
# A command line of the type's: $1 seconds, $2 'out' where its output is wanted, $3 the line. A daemon that it starts may
# keep its descriptors: nobody waits for their end.
run() {
  group=
  leader=
  if command -v setsid >/dev/null 2>&1; then
    # In a group of its own, so that what it started can be ended with it.
    group=-
    leader=setsid
  fi
  if [ "$2" = out ]; then
    $leader sh -c "$3" </dev/null 2>&4 3>&- 4>&- &
  else
    $leader sh -c "$3" </dev/null >&4 2>&4 3>&- 4>&- &
  fi
  p=$!
  (
    sleep "$1"
    kill -TERM "$group$p"
    sleep 2
    kill -KILL "$group$p"
  ) </dev/null >/dev/null 2>&1 3>&- 4>&- &
  w=$!
  wait "$p"
  rc=$?
  kill "$w" 2>/dev/null
  printf '\0%s\0%s\0' "$token" "$rc"
}
# The restore's part. A stage is a folder of ours: n holds what will be placed, old what was there, both by numbers;
# journal and undo say what is done, line by line: an operation, a number, a path with './' in front and '/' behind.
names() {
  for f; do
    for stage in "$f"/.edgebackup-* "$f"/.*.edgebackup-*; do
      if [ -d "$stage" ] && [ ! -L "$stage" ]; then say "$stage" "$(cat "$stage/mark" 2>/dev/null)"; fi
    done
  done
  say "$token"
}
owner() {
  printf '%s %s\n' "$$" "$(cat /proc/sys/kernel/random/boot_id 2>/dev/null)"
}
flush() {
  sync 2>/dev/null || :
}
# Writes a stage's mark, or leaves the old one as it is: a full disk must not make it an empty one.
note() {
  echo "$2" >"$1/mark.new" && [ -s "$1/mark.new" ] || return 1
  flush
  mv -f "$1/mark.new" "$1/mark" || return 1
  flush
}
# Makes the first of some stages that can be made.
prepare() {
  for stage; do
    err=$(mkdir "$stage" 2>&1) || continue
    if err=$({ mkdir "$stage/n" "$stage/old" && owner >"$stage/lock"; } 2>&1); then
      say "$stage" ''
      return
    fi
    # A full disk, say: a stage half made helps nobody.
    rm -rf "$stage"
  done
  say '' "$err"
}
# Whether a process is one of this script: numbers are given anew, after a restart of the system and before.
ours() {
  case $(tr '\0' ' ' 2>/dev/null <"/proc/$1/cmdline" || ps -o args= -p "$1" 2>/dev/null) in
    *'dd bs=1 count='*) return 0 ;;
  esac
  return 1
}
# Whether somebody works in a stage: the processes in its lock.
alive() {
  answer=dead
  while read -r p boot; do
    [ "$boot" = "$(cat /proc/sys/kernel/random/boot_id 2>/dev/null)" ] && ours "$p" && answer=alive
  done 2>/dev/null <"$1/lock"
  say "$answer" "$(cat "$1/mark" 2>/dev/null)"
}
evict() {
  while read -r p boot; do
    [ "$boot" = "$(cat /proc/sys/kernel/random/boot_id 2>/dev/null)" ] && ours "$p" && kill -TERM "$p"
  done 2>/dev/null <"$1/lock"
  say done
}
# Whoever discards a stage has nothing left to do for it; the old state in one that was interrupted is not thrown away.
discard() {
  if [ "$(cat "$1/mark" 2>/dev/null)" = committing ]; then
    say left 'a restore was interrupted in it'
    return
  fi
  [ -f "$1/mark" ] && echo done >"$1/mark"
  chmod -R u+rwX "$1" 2>/dev/null
  err=$(rm -rf "$1" 2>&1) || { sleep 1; err=$(rm -rf "$1" 2>&1); }
  if [ -d "$1" ]; then say left "$err"; else say gone ''; fi
}
# Everything that comes is a tar, up to the end.
unpack() {
  owner >>"$1/lock"
  cd "$1" || exit 1
  err=$(tar -xpf - 2>&1)
  rc=$?
  [ "$rc" = 0 ] && flush
  say "$rc" "$err"
  exit 0
}
hash() {
  sha256sum "$@" 2>/dev/null
  printf '\0%s\0%s\0' "$token" "$?"
}
place() {
  while IFS=' ' read -r op n path; do
    path=${path%/}
    case $op in
      away)
        if [ -d "$path" ] && [ ! -L "$path" ]; then
          [ -n "$(ls -A "$path")" ] && continue
        elif [ ! -e "$path" ] && [ ! -L "$path" ]; then
          continue
        fi
        mv "$path" "$stage/old/$n" || return 1
        ;;
      make) mkdir -p "$path" || return 1 ;;
      place)
        if [ -L "$path" ]; then
          mv "$path" "$stage/old/$n" || return 1
        elif [ -d "$path" ]; then
          echo "$path is a folder" >&2
          return 1
        elif [ -e "$path" ]; then
          # By a second name the old file stands in its place until the new one does.
          ln "$path" "$stage/old/$n" 2>/dev/null || mv "$path" "$stage/old/$n" || return 1
        fi
        mv -f "$stage/n/$n" "$path" || return 1
        ;;
    esac
  done <"$stage/journal"
  flush
}
# Whatever was done or not done of a journal: every step looks where things stand, so that it can be begun again.
undo() {
  while IFS=' ' read -r op n path; do
    path=${path%/}
    case $op in
      away) if [ -e "$stage/old/$n" ] || [ -L "$stage/old/$n" ]; then mv "$stage/old/$n" "$path" || return 1; fi ;;
      make) rmdir "$path" 2>/dev/null ;;
      place)
        if [ -e "$stage/n/$n" ] || [ -L "$stage/n/$n" ]; then
          if [ -e "$path" ] || [ -L "$path" ]; then
            rm -f "$stage/old/$n"
          elif [ -e "$stage/old/$n" ] || [ -L "$stage/old/$n" ]; then
            mv "$stage/old/$n" "$path" || return 1
          fi
        else
          mv "$path" "$stage/n/$n" || return 1
          if [ -e "$stage/old/$n" ] || [ -L "$stage/old/$n" ]; then mv "$stage/old/$n" "$path" || return 1; fi
        fi
        ;;
    esac
  done <"$stage/undo"
  [ -f "$stage/folders-before.tar" ] && tar -xpf "$stage/folders-before.tar" 2>/dev/null
  flush
}
# Says in a stage how far its restore has got.
mark() {
  err=$({ { [ "$2" != prepared ] || echo "$(cat /proc/sys/kernel/random/boot_id 2>/dev/null)" >"$1/stopped"; } && note "$1" "$2"; } 2>&1)
  say "$?" "$err"
}
# Whether what seems to run may be what the commands before a restore left of what they stopped: they began since the
# device started, and $2, which only a service writes that runs, was not written since. What cannot be told is "no".
stopped() {
  answer=no
  boot=$(cat /proc/sys/kernel/random/boot_id 2>/dev/null)
  if [ -n "$boot" ] && [ -f "$2" ] && [ "$(cat "$1/stopped" 2>/dev/null)" = "$boot" ]; then
    [ -n "$(find "$2" -prune ! -newer "$1/stopped" 2>/dev/null)" ] && answer=yes
  fi
  say "$answer"
}
# $1 is the stage. From the mark on it is done or undone as a whole, whether or not anybody listens or wants it ended.
commit() {
  stage=$1
  trap '' HUP PIPE TERM
  # The commands before are over: what a service wrote while they stopped it is older.
  [ -f "$stage/stopped" ] && touch "$stage/stopped"
  err=$(note "$stage" committing 2>&1)
  rc=$?
  if [ "$rc" = 0 ]; then
    err=$(place 2>&1)
    rc=$?
    [ "$rc" = 0 ] && [ -f "$stage/folders.tar" ] && tar -xpf "$stage/folders.tar" >&4 2>&4
  fi
  say "$rc" "$err"
  # What the type's commands start shall not inherit this.
  trap - HUP PIPE TERM
}
revert() {
  stage=$1
  trap '' HUP PIPE TERM
  owner >>"$stage/lock"
  err=$(undo 2>&1)
  rc=$?
  # Where no second file has room, in its place: by the old mark it would be undone with each contact.
  [ "$rc" = 0 ] && { note "$stage" undone || echo undone >"$stage/mark"; }
  say "$rc" "$err"
  trap - HUP PIPE TERM
}
settle() {
  echo done >"$1/mark" && flush
  discard "$1"
}
while read -r verb count first second; do
  if [ "$verb" = run ]; then
    line=$(dd bs=1 count="$count" 2>/dev/null)
    run "$first" "$second" "$line"
    continue
  fi
  set --
  i=0
  while [ "$i" -lt "$count" ]; do
    IFS= read -r name || exit 0
    set -- "$@" "$name"
    i=$((i + 1))
  done
  case $verb in
    list) list "$@" ;;
    look) look "$@" ;;
    deliver) deliver "$@" ;;
    show) show "$@" ;;
    names) names "$@" ;;
    prepare) prepare "$@" ;;
    alive) alive "$@" ;;
    evict) evict "$@" ;;
    discard) discard "$@" ;;
    settle) settle "$@" ;;
    touch) touch "$@" 2>/dev/null ;;
    unpack) unpack "$@" ;;
    hash) hash "$@" ;;
    mark) mark "$@" ;;
    stopped) stopped "$@" ;;
    commit) commit "$@" ;;
    revert) revert "$@" ;;
    bye) exit 0 ;;
  esac
done
