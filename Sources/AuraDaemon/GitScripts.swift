/// The shell that the git steps run, each in a cage of its own.
///
/// Nothing here runs on the host.
///
/// Inside a cage `/src` is the operator's repository read-only, `/repo` the same writable, `/store`
/// the run's own object store, `/ws` a tree, `/in` what the daemon puts in. Parameters come as
/// environment variables, never by being pasted into a script.
enum GitScripts {
    /// Prints `base COMMIT BYTES`, then the task list of so many bytes, if one is asked for.
    ///
    /// Work goes on from the longest line of landed commits that builds on the base branch and is not
    /// merged yet, else from the base branch: so a task that builds on another finds it, and its tick,
    /// even before anyone merges. Landed commits on an older base come before, what they build on
    /// first, as `stale COMMIT TASK`, for a dev-loop alone on its line to put on the new base; a line
    /// that others build on too, and work that is no list of tasks, stays on the base it has until it
    /// is merged.
    ///
    /// Exit 6: no such base. Exit 7: no such list. Exit 10: the base is to go forward, and somebody
    /// has it checked out.
    static let survey = #"""
        set -eu
        base=$(git -C /src rev-parse --verify --quiet "refs/heads/$AURA_BASE^{commit}") || {
            echo "the repository has no branch '$AURA_BASE'"; exit 6; }
        tip=$base most=0
        if [ "$AURA_LAND" = merge-ff ]; then
            if git -C /src worktree list --porcelain | grep -Fqx "branch refs/heads/$AURA_BASE"; then
                echo "'$AURA_BASE' is checked out, and merge-ff never touches a checkout:" \
                    "name a bare repository or another base, or land on branches"
                exit 10
            fi
        else
            git -C /src for-each-ref --no-merged="$base" \
                --format='%(objectname) %(refname:lstrip=4)' $AURA_LINES \
                >/tmp/landed
            while read -r commit task; do
                ahead=$(git -C /src rev-list --count "$base..$commit")
                if [ "$AURA_RESTACK" ] && ! git -C /src merge-base --is-ancestor "$base" "$commit"
                then
                    echo "$ahead $commit $task" >>/tmp/stale
                elif [ "$ahead" -gt "$most" ]; then
                    most=$ahead tip=$commit
                fi
            done </tmp/landed
            [ ! -e /tmp/stale ] || sort -n /tmp/stale | sed 's/^[0-9]* /stale /'
        fi
        [ -n "$AURA_TASKS" ] || { echo "base $tip"; echo "branch $base"; exit 0; }
        kind=$(git -C /src cat-file -t "$tip:$AURA_TASKS" 2>/dev/null) || kind=
        [ "$kind" = blob ] || { echo "there is no '$AURA_TASKS' in $tip"; exit 7; }
        echo "base $tip $(git -C /src cat-file -s "$tip:$AURA_TASKS")"
        git -C /src cat-file blob "$tip:$AURA_TASKS"
        """#

    /// A commit's name comes from the worker: one that git would take for an option is refused.
    static let commitsOnly = #"""
        set -eu
        for commit in "$AURA_COMMIT" "${AURA_PARENT-0}"; do
            case $commit in ''|*[!0-9a-f]*) echo "'$commit' is not a commit's name"; exit 2;; esac
        done

        """#

    /// Begins a step that writes the run's store: what a killed one left behind is no lock any more.
    static let store = #"""
        [ ! -e /store/git ] || find /store/git -name '*.lock' -delete
        git init --quiet --bare /store/git
        git --git-dir=/store/git config gc.auto 0
        # A fetch that is killed leaves a pack that does not count, and not a commit without its tree.
        git --git-dir=/store/git config fetch.unpackLimit 1
        # Objects of the repository that the store does not have yet.
        bring() {
            git --git-dir=/store/git cat-file -e "$1^{commit}" 2>/dev/null ||
                git --git-dir=/store/git fetch --quiet --no-tags \
                    --upload-pack='git -c uploadpack.allowAnySHA1InWant=true upload-pack' /src "$1"
            git --git-dir=/store/git update-ref "refs/aura/$1" "$1"
        }

        """#

    /// Prints files of a commit, each behind `file BYTES PATH` and before a newline.
    ///
    /// `AURA_PATHS` has one path a line; a directory stands for all files in it, and what is not
    /// there is left out. Names with control characters are left out too: nobody writes
    /// requirements in those.
    static let read =
        commitsOnly + #"""
            export GIT_LITERAL_PATHSPECS=1
            printf '%s\n' "$AURA_PATHS" | while IFS= read -r path; do
                git -C /src -c core.quotePath=false ls-tree -r --full-tree \
                    --format='%(objecttype) %(objectname) %(path)' "$AURA_COMMIT" -- "$path"
            done >/tmp/files
            while read -r kind blob path; do
                case $kind$path in blob\"*|commit*) continue;; esac
                printf 'file %s %s\n' "$(git -C /src cat-file -s "$blob")" "$path"
                git -C /src cat-file blob "$blob"
                echo
            done </tmp/files
            """#

    /// Prints the notes for agents that a commit has, as `ProjectNote.read` takes them: the root's
    /// first, then those of directories, the higher ones before the deeper.
    ///
    /// 12 KiB of a file are shown, 40 KiB and 32 files in all: some ten thousand tokens. A link is
    /// followed where it leads to a file of the commit. What is no UTF-8 is left out.
    static let notes =
        commitsOnly + #"""
            export LC_ALL=C
            git -C /src -c core.quotePath=false ls-tree -r --full-tree --name-only "$AURA_COMMIT" \
                >/tmp/tree
            grep -E '(^|/)AGENTS\.md$' /tmp/tree | head -n 500 | while IFS= read -r path; do
                printf '%s %s\n' "$(printf %s "$path" | tr -cd / | wc -c)" "$path"
            done | sort -k1,1n -k2 | head -n 32 | cut -d' ' -f2- >/tmp/paths
            room=40960
            while IFS= read -r path; do
                printf '%s:%s\n' "$AURA_COMMIT" "$path" >/tmp/name
                git -C /src cat-file --follow-symlinks --batch-check </tmp/name >/tmp/kind
                read -r blob kind size </tmp/kind
                [ "$kind" = blob ] && [ "$room" -gt 0 ] || continue
                git -C /src cat-file blob "$blob" >/tmp/whole
                head -c "$((room < 12288 ? room : 12288))" /tmp/whole | tr -d '\000' |
                    iconv -c -f UTF-8 -t UTF-8 >/tmp/note || :
                shown=$(wc -c </tmp/note)
                room=$((room - shown))
                printf 'note %s %s %s %s\n' "$blob" "$size" "$shown" "$path"
                cat /tmp/note
                echo
            done </tmp/paths
            """#

    /// Prints files of the tree, each behind `file BYTES PATH` and before a newline.
    ///
    /// Only what is a file in its place: a link, even inside the tree, is left out.
    static let collect = #"""
        cd /ws
        printf '%s\n' "$AURA_PATHS" | while IFS= read -r path; do
            [ -f "$path" ] && [ "$(readlink -f -- "$path")" = "/ws/$path" ] || continue
            printf 'file %s %s\n' "$(wc -c <"$path")" "$path"
            cat -- "$path"
            echo
        done
        """#

    /// Copies the commit into the run's store, and from there into the agent's tree.
    static let prepare =
        commitsOnly + store + #"""
            bring "$AURA_COMMIT"
            git init --quiet /ws
            cd /ws
            git fetch --quiet --no-tags /store/git "refs/aura/$AURA_COMMIT:refs/heads/aura-base"
            git checkout --quiet -b work aura-base
            echo "prepared $AURA_COMMIT"
            """#

    /// A fresh tree of a commit that the store has.
    static let checkout =
        commitsOnly + #"""
            git init --quiet /ws
            cd /ws
            git fetch --quiet --no-tags \
                --upload-pack='git -c uploadpack.allowAnySHA1InWant=true upload-pack' \
                /store/git "$AURA_COMMIT"
            git checkout --quiet --detach FETCH_HEAD
            echo "checked out $AURA_COMMIT"
            """#

    /// Makes one commit of what the agent left.
    ///
    /// The tree is hostile: only the store's own configuration is read, no repository in the tree
    /// is looked into, and `gate` refuses what would run later on somebody's machine.
    ///
    /// Exit 3: nothing changed. Exit 5: refused, with the paths.
    static let export =
        commitsOnly + store + #"""
            export GIT_DIR=/store/git GIT_INDEX_FILE=/tmp/index GIT_WORK_TREE=/ws LC_ALL=C
            # Names in the tree are no patterns.
            set -f
            cd /ws

            git read-tree "$AURA_COMMIT"
            # The base's own submodules stay as they are. Unmarked, git would ask each for its status,
            # and run in there what a configuration that the agent left names.
            git ls-files -z --stage >/tmp/base
            tr '\0\n' '\n\001' </tmp/base | sed -n 's/^160000 [^\t]*\t//p' | tr '\n\001' '\0\n' |
                git update-index -z --skip-worktree --stdin
            git -c core.autocrlf=false -c core.excludesFile=/dev/null -c core.protectHFS=true \
                -c core.protectNTFS=true add --all . 2>/tmp/said || {
                echo "refused to export; git cannot take the tree:"
                tail -n 20 /tmp/said | tr -c '\n -~' '?'
                exit 5; }

            """# + overlay + #"""
            [ -z "${AURA_OVERLAY_COUNTS-}" ] || set --
            if git diff-index --cached --quiet "$AURA_COMMIT" -- . "$@"; then
                echo "nothing changed"; exit 3
            fi

            """# + gate + #"""

            tree=$(git write-tree)
            commit=$(git commit-tree "$tree" -p "$AURA_COMMIT" -F /in/message)
            git update-ref "refs/aura/$commit" "$commit"
            echo "commit $commit"
            git diff-tree --no-commit-id --shortstat "$commit"
            """#

    /// Puts the daemon's own files into the index; `$@` are then the patterns that leave them out.
    static let overlay = #"""
        set --
        (cd /in/overlay && find . -type f) >/tmp/overlay
        while IFS= read -r file; do
            file=${file#./}
            blob=$(git hash-object -w --no-filters -- "/in/overlay/$file")
            git update-index --add --replace --cacheinfo "100644,$blob,$file"
            set -- "$@" ":(top,exclude,literal)$file"
        done </tmp/overlay

        """#

    /// Part of `export`: refuses changes by their paths and kinds.
    ///
    /// Names may hold any byte: git itself matches the paths, and where the shell must read one,
    /// names with control characters have been refused before and a newline stands as \001. What
    /// git says goes through files, never through a pipe, in which the shell would not see that git
    /// failed.
    private static let gate = #"""
        changes() { git diff-index --cached --no-renames -z "$@" >/tmp/answer; }
        changes --name-only "$AURA_COMMIT" --
        tr '\0\n' '\n\001' </tmp/answer >/tmp/names
        if grep -aq '[[:cntrl:]]' /tmp/names; then
            echo "refused to export names with control characters:"
            grep -a '[[:cntrl:]]' /tmp/names | tr '\001-\011\013-\037\177' '?'
            exit 5
        fi

        # What programs and services run unasked: at any depth, then at the top only.
        set --
        for name in .gitmodules .gitattributes .git*hooks .husky .pre-commit-config.yaml .vscode \
                .idea .devcontainer .claude .codex .cursor .mcp.json .envrc; do
            set -- "$@" ":(top,icase,glob)**/$name" ":(top,icase,glob)**/$name/**"
        done
        for name in .github .gitea .forgejo .gitlab-ci.yml .circleci .woodpecker .travis.yml .ci \
                Jenkinsfile; do
            set -- "$@" ":(top,icase)$name"
        done
        changes --name-only "$AURA_COMMIT" -- "$@"
        tr '\0' '\n' </tmp/answer | sed "s/\$/ (runs later, on somebody's machine)/" >/tmp/refused

        # What git takes for a bare repository: in there it runs what the configuration names.
        git ls-files -z >/tmp/answer
        tr '\0\nA-Z' '\n\001a-z' </tmp/answer >/tmp/names
        awk -F/ '{
                dir = ""
                for (i = 1; i <= NF; i++) {
                    if ($i == "objects") objects[dir] = 1
                    if ($i == "refs") refs[dir] = 1
                    if (i == NF && $i == "head") head[dir] = 1
                    if (i == NF && $i == "commondir") common[dir] = 1
                    dir = dir $i "/"
                }
            }
            END { for (dir in head) if (common[dir] || objects[dir] && refs[dir]) print dir }
        ' /tmp/names >/tmp/bare
        while IFS= read -r directory; do
            where=":(top,icase,literal)$directory"
            [ -n "$directory" ] || { directory=. where=":(top)"; }
            changes --name-only "$AURA_COMMIT" -- "$where"
            [ ! -s /tmp/answer ] || echo "$directory (git takes it for a repository)" >>/tmp/refused
        done </tmp/bare

        # What the definition protects, by the hashes of its files; a whole directory by its name.
        # The overlay is not the agent's doing.
        match() {
            kind=$1
            shift
            while IFS= read -r file; do
                set -- "$@" ":(top,exclude,literal)${file#./}"
            done </tmp/overlay
            while IFS= read -r glob; do
                set -- "$@" ":(top,$kind)$glob" ":(top,$kind)$glob/**"
            done </tmp/globs
            changes --name-only "$AURA_COMMIT" -- "$@"
        }
        if [ -n "${AURA_PROTECTED-}" ]; then
            printf '%s\n' "$AURA_PROTECTED" >/tmp/globs
            match glob
            tr '\0' '\n' </tmp/answer | sed 's/$/ (is protected)/' >>/tmp/refused
        fi
        # What the task may change, where it says so.
        if [ -n "${AURA_FILES-}" ]; then
            printf '%s\n' "$AURA_FILES" >/tmp/globs
            match exclude,glob
            tr '\0' '\n' </tmp/answer |
                sed 's/$/ (is outside of what the task may change)/' >>/tmp/refused
        fi

        # Out of the tree leads a link that is absolute, goes up more often than it is deep, or goes up
        # after it went down, where another link may stand.
        leaves() {
            depth=$(printf %s "$1" | tr -cd / | wc -c) up=0 target=$2/
            while [ "${target#../}" != "$target" ]; do
                target=${target#../} up=$((up + 1))
            done
            [ "$up" -gt "$depth" ] && return 0
            case /$target in //*|*/../*|*/.[Gg][Ii][Tt]/*) return 0;; esac
            return 1
        }
        changes --raw "$AURA_COMMIT" --
        tr '\0\n' '\n\001' </tmp/answer >/tmp/changes
        while IFS= read -r meta && IFS= read -r path; do
            case $meta in
                :??????\ 160000\ *)
                    printf '%s (a nested repository)\n' "$path";;
                :??????\ 120000\ *)
                    blob=${meta#* * * } blob=${blob%% *}
                    target=$(git cat-file blob "$blob" | tr '\n' '\001')
                    if leaves "$path" "$target"; then
                        printf '%s (a link that leaves the tree)\n' "$path"
                    fi;;
            esac
        done </tmp/changes >>/tmp/refused
        if [ -s /tmp/refused ]; then
            echo "refused to export:"
            cat /tmp/refused
            exit 5
        fi

        """#
}
