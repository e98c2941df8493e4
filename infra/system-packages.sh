#!/bin/bash
# Spark runs on Java 17 or later. Install it where that can be done, say what to do where it cannot; safe to run again.
set -euo pipefail

readonly OLDEST=17
readonly PACKAGES=(openjdk-17-jre-headless openjdk-21-jre-headless)

# The major version of the Java that Spark would take; nothing where there is none.
java_major() {
	local java=${JAVA_HOME:+$JAVA_HOME/bin/}java
	command -v "$java" >/dev/null 2>&1 || return 0
	# Version 8 calls itself 1.8.
	"$java" -version 2>&1 | sed -nE 's/^.* version "(1\.)?([0-9]+).*$/\2/p' | head -n 1
}

has_java() {
	local major
	major=$(java_major)
	[[ -n $major && $major -ge $OLDEST ]]
}

has_java && exit 0

if [[ $(id -u) -eq 0 && -z ${JAVA_HOME:-} ]] && command -v apt-get >/dev/null 2>&1; then
	echo "installing the Java that Spark needs" >&2
	export DEBIAN_FRONTEND=noninteractive
	log=$(mktemp)
	trap 'rm -f "$log"' EXIT
	apt-get update -qq >"$log" 2>&1 || true
	for package in "${PACKAGES[@]}"; do
		apt-get install -y -qq --no-install-recommends "$package" >>"$log" 2>&1 || true
		has_java && exit 0
	done
	tail -n 5 "$log" >&2
fi

cat >&2 <<HINT
Spark needs Java $OLDEST or later, and there is none on this machine.
  Debian, Ubuntu:  sudo apt-get install ${PACKAGES[0]}
  elsewhere:       install a Java runtime, and set JAVA_HOME to it or put java on the PATH
HINT
exit 1
