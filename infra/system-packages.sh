#!/bin/bash
# Spark runs on Java 17 or later, and the console is tested in Chromium. Install them where that can be done, say what to
# do where it cannot; safe to run again.
set -euo pipefail

readonly OLDEST=17
readonly JAVA_PACKAGES=(openjdk-17-jre-headless openjdk-21-jre-headless)
readonly SSHD_PACKAGES=(openssh-server)
readonly CHROMIUM_PACKAGES=(chromium chromium-browser)
# The programs without the service, which would start by itself.
readonly APACHE_PACKAGES=(apache2-bin)
readonly PROMTOOL_PACKAGES=(prometheus)

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

# Ubuntu's packages of this name are no browsers but ask for one of another kind: it must say its version.
has_chromium() {
	local name
	for name in chromium chromium-browser google-chrome; do
		"$name" --version >/dev/null 2>&1 && return 0
	done
	return 1
}

has_promtool() {
	promtool --version >/dev/null 2>&1
}

has_apache() {
	[[ -x /usr/sbin/apache2 && -f /usr/lib/apache2/modules/mod_dav.so ]]
}

has_sshd() {
	[[ -x /usr/sbin/sshd ]] && command -v ssh-keygen >/dev/null 2>&1
}

# Install the first of some packages after which there is what is wanted.
install_first() {
	local what=$1 has=$2 package log
	shift 2
	[[ $(id -u) -eq 0 ]] && command -v apt-get >/dev/null 2>&1 || return 1
	echo "installing $what" >&2
	export DEBIAN_FRONTEND=noninteractive
	log=$(mktemp)
	apt-get update -qq >"$log" 2>&1 || true
	for package in "$@"; do
		apt-get install -y -qq --no-install-recommends "$package" >>"$log" 2>&1 || true
		if "$has"; then
			rm -f "$log"
			return 0
		fi
	done
	tail -n 5 "$log" >&2
	rm -f "$log"
	return 1
}

missing=0

if ! has_java && { [[ -n ${JAVA_HOME:-} ]] || ! install_first "the Java that Spark needs" has_java "${JAVA_PACKAGES[@]}"; }; then
	missing=1
	cat >&2 <<HINT
Spark needs Java $OLDEST or later, and there is none on this machine.
  Debian, Ubuntu:  sudo apt-get install ${JAVA_PACKAGES[0]}
  elsewhere:       install a Java runtime, and set JAVA_HOME to it or put java on the PATH
HINT
fi

if ! has_chromium && ! install_first "the browser that the console is tested in" has_chromium "${CHROMIUM_PACKAGES[@]}"; then
	missing=1
	cat >&2 <<HINT
The console is tested in Chromium, and there is none on this machine.
  Debian:          sudo apt-get install ${CHROMIUM_PACKAGES[0]}
  elsewhere:       install Chromium or Chrome, and put chromium or google-chrome on the PATH
HINT
fi

if ! has_promtool && ! install_first "Prometheus, whose tool checks the alerts" has_promtool "${PROMTOOL_PACKAGES[@]}"; then
	missing=1
	cat >&2 <<HINT
The alerts are checked by promtool, and there is none on this machine.
  Debian, Ubuntu:  sudo apt-get install --no-install-recommends ${PROMTOOL_PACKAGES[0]}
  elsewhere:       put promtool of Prometheus on the PATH
HINT
fi

if ! has_sshd && ! install_first "the SSH server that sending over SFTP is tested with" has_sshd "${SSHD_PACKAGES[@]}"; then
	missing=1
	cat >&2 <<HINT
Sending over SFTP is tested with OpenSSH's server on 127.0.0.1, and it is not on this machine.
  Debian, Ubuntu:  sudo apt-get install ${SSHD_PACKAGES[0]}
  elsewhere:       install sshd as /usr/sbin/sshd
HINT
fi

if ! has_apache && ! install_first "the web server that sending over HTTPS is tested with" has_apache "${APACHE_PACKAGES[@]}"; then
	missing=1
	cat >&2 <<HINT
Sending over HTTPS is tested with Apache and its module for PUT, and they are not on this machine.
  Debian, Ubuntu:  sudo apt-get install ${APACHE_PACKAGES[0]}
  elsewhere:       run the tests in a container of Debian
HINT
fi

exit $missing
