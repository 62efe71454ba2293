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
  if [ "$2" = out ]; then
    sh -c "$3" </dev/null 2>&4 3>&- 4>&- &
  else
    sh -c "$3" </dev/null >&4 2>&4 3>&- 4>&- &
  fi
  p=$!
  (
    sleep "$1"
    kill -TERM "$p"
    sleep 2
    kill -KILL "$p"
  ) </dev/null >/dev/null 2>&1 3>&- 4>&- &
  w=$!
  wait "$p"
  rc=$?
  kill "$w" 2>/dev/null
  printf '\0%s\0%s\0' "$token" "$rc"
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
    bye) exit 0 ;;
  esac
done
