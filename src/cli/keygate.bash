# Completion for bash.  It asks the command itself what there is: --help is
# made from the same tables as what it takes.

# Words of the commands: those at the beginning, or those after one of two.

_keygate_commands()
{
    keygate --help 2>/dev/null | sed -n 's/^  \([a-z]\)/\1/p' \
        | sed 's/  .*//' \
        | awk -v group="$1" '
            group == "" { print $1 }
            group != "" && $1 == group && $2 ~ /^[a-z]+$/ { print $2 }' \
        | sort -u
}

_keygate_options()
{
    keygate "$@" --help 2>/dev/null | sed -n 's/^  \(--[a-z-]*\).*/\1/p'
}

# What an option takes, in the word that --help has for it.

_keygate_value()
{
    local option=$1

    shift
    keygate "$@" --help 2>/dev/null \
        | sed -n "s/^  $option \([^ ][^ ]*\).*/\1/p"
}

_keygate()
{
    local current=${COMP_WORDS[COMP_CWORD]}
    local previous=${COMP_WORDS[COMP_CWORD - 1]}
    local words=("${COMP_WORDS[1]}")
    local more value

    COMPREPLY=()

    if [ "$COMP_CWORD" -eq 1 ]; then
        COMPREPLY=($(compgen -W "$(_keygate_commands) --help --version" \
                             -- "$current"))
        return
    fi

    more=$(_keygate_commands "${words[0]}")

    if [ -n "$more" ] && [ "$COMP_CWORD" -gt 2 ]; then
        case " "$more" " in
        *[[:space:]]"${COMP_WORDS[2]}"[[:space:]]*)
            words+=("${COMP_WORDS[2]}")
        esac
    fi

    case $previous in
    --*)
        value=$(_keygate_value "$previous" "${words[@]}")

        case $value in
        PATH | CONF | FILE)
            COMPREPLY=($(compgen -f -- "$current"))
            return ;;
        DIR)
            COMPREPLY=($(compgen -d -- "$current"))
            return ;;
        *[!a-z_\|]*)
            return ;;
        *\|*)
            COMPREPLY=($(compgen -W "${value//|/ }" -- "$current"))
            return ;;
        ?*)
            return ;;
        esac
    esac

    if [ "$COMP_CWORD" -eq 2 ] && [ -n "$more" ]; then
        COMPREPLY=($(compgen -W "$more" -- "$current"))
    fi

    case $current in
    -*)
        COMPREPLY+=($(compgen -W "$(_keygate_options "${words[@]}")" \
                              -- "$current")) ;;
    *)
        if [ ${#COMPREPLY[@]} -eq 0 ]; then
            COMPREPLY=($(compgen -f -- "$current"))
        fi ;;
    esac
}

complete -o filenames -F _keygate keygate
