# SPDX-License-Identifier: GPL-2.0-only
#
# Packages from other releases of Debian, without touching the system: an apt
# configuration of our own below build/, for the archive that this machine's own
# configuration names. To be sourced.

# The configuration of apt that the machine, or its user, works with.
machine_apt_config=${APT_CONFIG:-}

# The address of the machine's Debian archive.
archive_site()
{
	local codename

	codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
	# Origin and label are known once lists were downloaded; on a machine that
	# has none yet, the release's own name must do.
	{
		apt-get indextargets --format '$(SITE)|$(ORIGIN)|$(LABEL)' |
			sed -n 's/|Debian|Debian$//p'
		apt-get indextargets --format '$(SITE)|$(RELEASE)' |
			sed -n "s/|$codename\$//p"
	} 2>/dev/null | grep -m 1 .
}

# archive_use DIRECTORY SUITE...: from here on apt-get and apt-cache work in
# DIRECTORY and see just these suites; of archive_type=deb-src only the sources. With
# archive_expired=ok an index may be past its date, as those of unstable are soon on a
# mirror that is behind: for what a checksum pins, or what only looks at our sources.
archive_use()
{
	local directory=$1 site suite
	shift

	command -v apt-get >/dev/null || {
		echo "archive: there is no apt-get here" >&2
		return 1
	}
	site=$(APT_CONFIG=$machine_apt_config archive_site) || {
		echo "archive: apt's configuration names no Debian archive (see" \
		     "/etc/apt/sources.list and sources.list.d)" >&2
		return 1
	}
	mkdir -p "$directory"/lists/partial "$directory"/cache/archives/partial \
		"$directory"/etc/none || return 1
	for suite in "$@"; do
		# Debian 12 and 13 both have the keyring that signs all of these.
		echo "${archive_type:-deb}" \
			"[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]" \
			"$site $suite main"
	done >"$directory/etc/sources.list"
	cat >"$directory/apt.conf" <<-END
		Dir::Etc::sourcelist "$directory/etc/sources.list";
		Dir::Etc::sourceparts "$directory/etc/none";
		Dir::Etc::preferences "$directory/etc/none/-";
		Dir::Etc::preferencesparts "$directory/etc/none";
		Dir::State::lists "$directory/lists";
		Dir::State::status "$directory/status";
		Dir::Cache "$directory/cache";
		Dir::Cache::archives "archives";
		// A sandbox user could not write below an ordinary user's directory,
		// and the system's own hooks have no business here.
		APT::Sandbox::User "root";
		Acquire::Languages "none";
		Acquire::Retries "3";
		Acquire::Check-Valid-Until "$([ "${archive_expired:-}" = ok ] && echo false || echo true)";
		#clear APT::Update::Pre-Invoke;
		#clear APT::Update::Post-Invoke;
		#clear APT::Update::Post-Invoke-Success;
		#clear DPkg::Post-Invoke;
	END
	: >"$directory/status"
	export APT_CONFIG=$directory/apt.conf
}

# archive_unpack DIRECTORY PACKAGE...: these and all that they need, unpacked there.
archive_unpack()
{
	local directory=$1 package
	shift

	apt-get -qq update || return 1
	# What an interrupted run fetched of older versions would be unpacked as well.
	apt-get -qq autoclean || return 1
	# With no package counted as installed, apt names all that they need.
	apt-get -qq install --yes --no-install-recommends --download-only \
		-o Debug::NoLocking=true "$@" >/dev/null || return 1
	rm -rf "$directory"
	mkdir -p "$directory"
	for package in "$(dirname "$APT_CONFIG")"/cache/archives/*.deb; do
		dpkg-deb --extract "$package" "$directory" || return 1
	done
}

# archive_run DIRECTORY PROGRAM ARGUMENT...: a program that was unpacked there, by its
# own loader and with its own libraries.
archive_run()
{
	local directory=$1 program=$2
	shift 2

	"$directory/usr/lib64/ld-linux-x86-64.so.2" \
		--library-path "$directory/usr/lib/x86_64-linux-gnu" \
		"$directory/usr/bin/$program" "$@"
}
