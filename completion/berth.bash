# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Completion of berth for bash. What there is to offer, berth itself knows.

_berth() {
        # As typed: COMP_WORDS is broken at "=" and ":", berth's words are not.
        local words line candidate current=${2-}
        read -ra words <<<"${COMP_LINE:0:COMP_POINT}"
        [[ ${COMP_LINE:0:COMP_POINT} != *[[:space:]] ]] || words+=('')
        local word=${words[-1]}
        [[ ${words[0]##*/} == berth-nspawn ]] && words[0]=berth-nspawn || words=("${words[@]:1}")

        COMPREPLY=()
        while IFS= read -r line; do
                case $line in
                :*)
                        # The shell's own part: the file names behind what berth keeps of the word ("--bind=").
                        local what=${line#:} keep=
                        [[ $what != *' '* ]] || keep=${what#* } what=${what%% *}
                        case $what in
                        files) mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "${word#"$keep"}") ;;
                        directories) mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -d -- "${word#"$keep"}") ;;
                        commands) mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -c -- "${word#"$keep"}") ;;
                        esac
                        compopt -o filenames 2>/dev/null
                        ;;
                *)
                        candidate=${line%%$'\t'*}
                        # Where readline takes up the word only behind a break, the candidate begins there, too.
                        COMPREPLY+=("${candidate:${#word}-${#current}}")
                        [[ $candidate != *= ]] || compopt -o nospace 2>/dev/null
                        ;;
                esac
        done < <(berth __complete "${words[@]}" 2>/dev/null)
}

complete -F _berth berth berth-nspawn
