# Submits what is stale to Slurm, each job after those that it needs. It can be run again at any time: what waits or runs
# already is left alone, what failed is submitted again.
#
#   submit.sh [--dry-run]      submit, and show the id of each job
#   submit.sh status           what waits, runs, is done, failed
#   submit.sh cancel           end what waits and runs

set -euo pipefail
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
cd -- "$project"
state=.soorgeon-clone/slurm/$pipeline
mkdir -p -- "$state"
ledger=$state/submitted # task <tab> id in Slurm; the last line about a task counts

die() {
    printf 'submit.sh: %s\n' "$*" >&2
    exit 1
}

declare -A id_of=() queue=() stale=()

read_ledger() {
    local task id
    [ -f "$ledger" ] || return 0
    while IFS=$'\t' read -r task id; do id_of[$task]=$id; done <"$ledger"
}

# What Slurm has of this user: id, or id of the array and index, -> state.
read_queue() {
    local array index state reason lines
    lines=$(squeue --noheader --array --user="$(id -un)" --format='%F|%K|%T|%r') || die 'squeue failed'
    while IFS='|' read -r array index state reason; do
        [ "$reason" != DependencyNeverSatisfied ] || state=LOST
        [ "$index" = N/A ] || array+=_$index
        queue[$array]=$state
    done <<<"$lines"
}

read_stale() {
    local task lines
    lines=$(stale_tasks) || die 'which tasks are stale is not known'
    while IFS= read -r task; do [ -z "$task" ] || stale[$task]=1; done <<<"$lines"
}

is_alive() { # task
    local id=${id_of[$1]:-}
    [ -n "$id" ] && [ -n "${queue[$id]:-}" ] && [ "${queue[$id]}" != LOST ]
}

# The tasks of a job, a line each. Those of a foreach are known when its elements are.
tasks_of() { # job, split
    [ -n "$2" ] && [ -f "$state/$1.txt" ] && printf '%s' "$state/$1.txt" || printf '%s' "$here/tasks/$1.txt"
}

find_elements() { # job, split
    names_of "$(<"$here/tasks/$2.txt")" "lines:$PWD/$state/$1.txt" </dev/null >/dev/null || die "the elements of $1 are not known"
}

# A job that submits the rest when these have come to their end.
submit_rest() { # jobs to wait for, beginning with a colon
    local id=''
    [ ! -f "$state/continue" ] || id=$(<"$state/continue")
    if [ -n "$id" ] && [ "$id" != "${SLURM_JOB_ID:-}" ]; then scancel "$id" 2>/dev/null || true; fi
    id=$(sbatch --parsable --chdir="$PWD" --output="$state/continue-%j.log" --kill-on-invalid-dep=yes \
        --dependency="afterok$1" "$here/continue.sh") || die 'sbatch refused continue.sh; run it again'
    printf '%s\n' "${id%%;*}" >"$state/continue"
    printf '%s\tcontinue (after %s)\n' "${id%%;*}" "${1#:}"
}

# One job, or one array: of the members of a job those from `start` on, as many as an array takes.
send() {
    local options line id part=() names=()
    for ((line = 0; line < ${#members[@]}; line++)); do
        ((members[line] < start || members[line] >= start + largest)) && continue
        part+=($((members[line] - start)))
        names+=("${lines[line]}")
    done
    ((${#part[@]})) || return 0
    options=(--parsable --chdir="$PWD" --output="$state/$job-%j.log" --kill-on-invalid-dep=yes)
    if ((index > 1)) || [ -n "$split" ]; then
        options+=(--array="$(IFS=,; printf '%s' "${part[*]}")${throttle:+%$throttle}" --output="$state/$job-%A_%a.log")
    fi
    [ -z "$after" ] || options+=(--dependency="afterok$after")
    if (($dry)); then
        printf 'sbatch %s %s\n' "${options[*]}" "$here/tasks/$job.sh"
        waits_for[$job]+=:$job
        return
    fi
    id=$(sbatch "${options[@]}" "$here/tasks/$job.sh" "$PWD/$state" "$start") || die "sbatch refused $job; run it again"
    id=${id%%;*} # with several clusters, their name follows
    waits_for[$job]+=:$id
    for ((line = 0; line < ${#part[@]}; line++)); do
        if ((index > 1)) || [ -n "$split" ]; then
            printf '%s\t%s_%s\n' "${names[line]}" "$id" "${part[line]}" >>"$ledger"
        else
            printf '%s\t%s\n' "${names[line]}" "$id" >>"$ledger"
        fi
    done
    printf '%s\t%s\n' "$id" "$job${after:+ (after ${after#:})}"
}

submit() {
    local dry=$1 count=0 lines job needs split members index task need after again start rest='' late
    declare -A waits_for=() renewed=() # job -> what comes after it waits for; whether some of it is submitted now
    declare -A unknown=()              # job -> that it comes after elements that are not known yet
    # Where a job goes on, a person may be about to do the same.
    (($dry)) || { exec 9>"$state/lock" && flock -w "$([ -z "${SLURM_JOB_ID:-}" ] && echo 0 || echo 60)" 9; } || die 'it runs already'
    read_ledger
    read_queue
    read_stale
    while IFS=$'\t' read -r job needs split; do
        after='' again=0 late=
        for need in $needs; do
            after+=${waits_for[$need]:-}
            [ -z "${renewed[$need]:-}" ] || again=1
            [ -z "${unknown[$need]:-}" ] || late=1
        done
        if [ -n "$late" ] || { [ -n "$split" ] && [ -n "${waits_for[$split]:-}" ]; }; then
            unknown[$job]=1
            [ -n "$late" ] || rest+=${waits_for[$split]}
            continue
        fi
        [ -z "$split" ] || find_elements "$job" "$split"
        members=() lines=()
        index=0
        while IFS= read -r task; do
            if is_alive "$task" && ! { (($again)) && [ "${queue[${id_of[$task]}]}" = PENDING ]; }; then
                waits_for[$job]+=:${id_of[$task]}
            elif [ -n "${stale[$task]:-}" ]; then
                # What waits for a job that failed would wait for ever, or for the wrong one.
                if [ -n "${id_of[$task]:-}" ] && [ -n "${queue[${id_of[$task]}]:-}" ] && ((!$dry)); then
                    scancel "${id_of[$task]}" || true
                fi
                members+=("$index")
                lines+=("$task")
            fi
            index=$((index + 1))
        done <"$(tasks_of "$job" "$split")"
        ((${#members[@]})) || continue
        renewed[$job]=1
        count=$((count + ${#members[@]}))
        for ((start = 0; start < index; start += largest)); do
            send
        done
    done <"$here/jobs.txt"
    if [ -n "$rest" ]; then
        (($dry)) && echo "What comes after ${!unknown[*]} is submitted by a job, when their elements are known." || submit_rest "$rest"
    fi
    printf '%s tasks %s, of %s that are stale.\n' "$count" "$( (($dry)) && echo 'would be submitted' || echo submitted)" "${#stale[@]}"
}

status() {
    local job needs split task id what
    declare -A counts=()
    read_ledger
    read_queue
    while IFS=$'\t' read -r job needs split; do
        while IFS= read -r task; do
            id=${id_of[$task]:-}
            if [ -z "$id" ]; then
                what='not submitted'
            elif [ -n "${queue[$id]:-}" ]; then
                case ${queue[$id]} in
                PENDING | CONFIGURING | REQUEUED) what=queued ;;
                LOST) what='will not run: what it needs failed' ;;
                *) what=running ;;
                esac
            elif [ ! -f "$state/$id.exit" ]; then
                # Slurm ended it (memory, time, scancel), or what it needs failed.
                [ -f "$state/$job-$id.log" ] && what="failed: Slurm ended it, see $state/$job-$id.log" ||
                    what='did not run: what it needs failed, or it was cancelled'
            elif [ "$(<"$state/$id.exit")" = 0 ]; then
                what=done
            else
                what="failed, see $state/$job-$id.log"
            fi
            counts[${what%%[:,]*}]=$((${counts[${what%%[:,]*}]:-0} + 1))
            printf '%s\t%s\t%s\n' "$task" "${id:--}" "$what"
        done <"$(tasks_of "$job" "$split")"
    done <"$here/jobs.txt"
    if [ -f "$state/continue" ] && id=$(<"$state/continue") && [ -n "${queue[$id]:-}" ]; then
        printf 'what comes after elements that are not known\t%s\tqueued\n' "$id"
    fi
    for what in "${!counts[@]}"; do printf '%s %s\n' "${counts[$what]}" "$what"; done | sort -rn | paste -sd, | sed 's/,/, /g'
}

cancel() {
    local task ids=()
    read_ledger
    read_queue
    for task in "${!id_of[@]}"; do
        [ -z "${queue[${id_of[$task]}]:-}" ] || ids+=("${id_of[$task]}")
    done
    [ ! -f "$state/continue" ] || scancel "$(<"$state/continue")" 2>/dev/null || true
    ((!${#ids[@]})) || printf '%s\n' "${ids[@]}" | xargs scancel
    printf '%s tasks ended.\n' "${#ids[@]}"
}

case ${1:-submit} in
submit) submit 0 ;;
--dry-run | -n) submit 1 ;;
status) status ;;
cancel) cancel ;;
*)
    sed -n 's/^#   /  /p' "${BASH_SOURCE[0]}"
    exit 2
    ;;
esac
