# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh

# shellcheck source=../../guest/checks.sh
. /usr/bin/checks.sh

check "2.0.08 is refused on the usual processor" test -n "$(update $images/2.0.08.blob)"
same "the module stays" 1.5.05 "$(state version)"
same "what 2.0.04 has in its SEAM_SIGSTRUCT does not matter" "" \
	"$(update $images/broken/sigstruct-version.blob)"
same "to the module that is in it" 1.5.06 "$(state version)"
finish
