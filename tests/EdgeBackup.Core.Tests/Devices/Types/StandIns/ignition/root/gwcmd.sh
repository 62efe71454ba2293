#!/bin/sh
# Does what the gateway's command line utility does: a backup is an archive that differs at each export, and a restored
# one is taken at the next start of the gateway.
if [ -e ../stopped ]; then echo 'The Gateway is not running.' >&2; exit 1; fi
case "$1 $3" in
  '-b -y')
    if [ -e ../full ] && [ "${2##*/}" != gateway.gwbk ]; then echo 'No space left on device' >&2; exit 1; fi
    count=$(($(cat ../exports 2>/dev/null || echo 0) + 1))
    echo $count > ../exports
    { printf 'PK\003\004\n'; echo "export $count"; cat data/projects/main/project.json; printf '\nPK\005\006\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000'; } > "$2"
    echo 'gwcmd -b' >> ../commands.log
    ;;
  '--restore -y')
    [ ! -e ../refused ] || exit 1
    sed '1,2d;$d' "$2" > ../restore.json
    echo 'gwcmd --restore' >> ../commands.log
    ;;
  '--restart ')
    [ ! -e ../no-restart ] || { rm ../no-restart; exit 1; }
    [ ! -e ../restore.json ] || { sed '/^$/d' ../restore.json > data/projects/main/project.json; rm ../restore.json; }
    echo 'gwcmd --restart' >> ../commands.log
    ;;
  *) exit 1 ;;
esac
