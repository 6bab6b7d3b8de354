/// The shell that hands results over to the operator's repository; see `GitScripts` for the rules.
extension GitScripts {
    /// Hands the commit's objects over as a checked pack, then moves the branch by compare-and-
    /// swap.
    ///
    /// Running it again after it succeeded changes nothing and succeeds. Only branches below
    /// `AURA_SCOPE` are moved, or `AURA_TARGET` itself, whatever a worker asks for. `AURA_REPLACES` is
    /// a commit that the branch may leave, which is then kept under `refs/aura/replaced`, or `any`.
    ///
    /// Exit 4: the branch points elsewhere meanwhile, or is checked out. Exit 10: the target is checked
    /// out.
    static let land =
        commitsOnly + #"""
            # The operator reads what lands, with a user of his own, and goes on writing beside it
            # where the repository is shared with our group.
            umask 022
            for objects in /repo/objects /repo/.git/objects; do
                case $(stat -c %A $objects 2>/dev/null) in ?????w*) umask 002;; esac
            done
            ref="refs/heads/$AURA_BRANCH"
            case $AURA_BRANCH in
                "$AURA_SCOPE"/*|"$AURA_TARGET") git check-ref-format "$ref";;
                *) false;;
            esac || { echo "'$AURA_BRANCH' is not a branch of this automaton"; exit 2; }
            # A cage may not set the set-group-id bit, as git would in a shared repository; new
            # directories inherit it.
            target() {
                git -c core.hooksPath=/dev/null -c core.fsmonitor=false \
                    -c core.sharedRepository=umask -C /repo "$@"
            }
            old=$(target rev-parse --verify --quiet "$ref") || old=
            if [ "$old" = "$AURA_COMMIT" ]; then
                echo "landed $AURA_COMMIT on $AURA_BRANCH (it was there already)"; exit 0
            fi
            # The store has every ancestor of the commit, so what it does not know is none.
            builds_on_old() {
                if [ "$AURA_BRANCH" = "$AURA_TARGET" ]; then [ "$old" = "$AURA_PARENT" ]; return; fi
                [ -z "$old" ] || [ "$AURA_REPLACES" = any ] || [ "$AURA_REPLACES" = "$old" ] ||
                    git --git-dir=/store/git merge-base --is-ancestor "$old" "$AURA_COMMIT" 2>/dev/null
            }
            builds_on_old || {
                echo "$AURA_BRANCH is at $old, which $AURA_COMMIT does not build on"; exit 4; }
            if target worktree list --porcelain | grep -Fqx "branch $ref"; then
                echo "$AURA_BRANCH is checked out; switch to another branch first"
                [ "$AURA_BRANCH" != "$AURA_TARGET" ] || exit 10
                exit 4
            fi
            printf '%s\n^%s\n' "$AURA_COMMIT" "$AURA_PARENT" |
                git --git-dir=/store/git pack-objects --quiet --revs --stdout >/tmp/result.pack
            target unpack-objects -q --strict </tmp/result.pack
            if [ -n "$old" ] && [ "$AURA_REPLACES" = "$old" ]; then
                target update-ref "refs/aura/replaced/$old" "$old"
            fi
            target update-ref -m "aura: landed" "$ref" "$AURA_COMMIT" "$old" || {
                echo "$AURA_BRANCH moved meanwhile"; exit 4; }
            echo "landed $AURA_COMMIT on $AURA_BRANCH"
            """#

    /// Pushes a landed branch to the remote, which is a directory, and reads it back.
    ///
    /// Running it again after it succeeded changes nothing and succeeds. Hooks of the remote run, in
    /// the cage. Exit 4: the branch is elsewhere there.
    static let push =
        commitsOnly + #"""
            umask 022
            ref="refs/heads/$AURA_BRANCH"
            old=$(git -C /remote rev-parse --verify --quiet "$ref") || old=
            if [ "$old" != "$AURA_COMMIT" ]; then
                lease=
                # What this automaton itself has moved to a newer base may be left there, too.
                if [ -n "$old" ] && git -C /src rev-parse --verify --quiet "refs/aura/replaced/$old" \
                        >/dev/null; then
                    lease="--force-with-lease=$ref:$old"
                fi
                git -c core.hooksPath=/dev/null -C /src push --quiet $lease /remote \
                    "$AURA_COMMIT:$ref" || { echo "the remote did not take $AURA_BRANCH"; exit 4; }
            fi
            seen=$(git -C /remote rev-parse --verify --quiet "$ref") || seen=nothing
            [ "$seen" = "$AURA_COMMIT" ] || {
                echo "the remote has $AURA_BRANCH at $seen after the push"; exit 4; }
            echo "pushed $AURA_COMMIT to $AURA_BRANCH"
            """#

    /// Pushes a landed commit to a remote beyond this host, and reads it back.
    ///
    /// What the remote has is asked first and last: whatever became of a push, of this one or of one
    /// before a crash, that decides, and running it again after it succeeded pushes nothing. A branch
    /// is moved by compare-and-swap, forward or away from `AURA_REPLACES`; where anybody else moved
    /// it, it is left alone. Git runs in an empty repository that only borrows the store's objects, so
    /// nothing that a repository configures has a say; helpers are off but for the one that reads
    /// `/secret`.
    ///
    /// Exit 4: the branch is elsewhere there. Exit 8: the remote did not answer.
    static let pushOut =
        commitsOnly + #"""
            umask 077
            export GIT_DIR=/tmp/push GIT_TERMINAL_PROMPT=0 LC_ALL=C
            git init --quiet --bare --template= "$GIT_DIR"
            mkdir -p "$GIT_DIR/objects/info"
            echo /store/git/objects >"$GIT_DIR/objects/info/alternates"
            git config protocol.allow never
            case $AURA_REMOTE in
            https://*)
                git config protocol.https.allow always
                git config http.followRedirects false
                git config http.sslCAInfo /net/authorities
                # A server that sends nothing for a minute is not there.
                git config http.lowSpeedLimit 1
                git config http.lowSpeedTime 60
                git config credential.helper ''
                git config --add credential.helper '!f() {
                    [ "$1" != get ] ||
                        { echo username=aura; echo "password=$(head -n 1 /secret)"; }; }; f';;
            ssh://*)
                git config protocol.ssh.allow always
                echo "aura $AURA_HOST_KEY" >/tmp/known
                ssh='ssh -F /dev/null -i /secret -o IdentitiesOnly=yes -o IdentityAgent=none'
                ssh="$ssh -o BatchMode=yes -o StrictHostKeyChecking=yes -o HostKeyAlias=aura"
                ssh="$ssh -o UserKnownHostsFile=/tmp/known -o GlobalKnownHostsFile=/dev/null"
                ssh="$ssh -o ClearAllForwardings=yes -o ConnectTimeout=20"
                export GIT_SSH_VARIANT=ssh GIT_SSH_COMMAND="$ssh -o ServerAliveInterval=20";;
            *) echo "'$AURA_REMOTE' is no https or ssh URL"; exit 2;;
            esac
            ref="refs/heads/$AURA_BRANCH"
            # In one line, which is all that a story has room for.
            line() { tr -s '\r\n' ' ' <"$1" | tail -c 400; }
            # What is there now, in $seen. Three times: a network has moments.
            look() {
                for pause in 0 2 10; do
                    sleep "$pause"
                    if git ls-remote --quiet "$AURA_REMOTE" "$ref" >/tmp/seen 2>/tmp/why; then
                        seen=
                        while read -r commit name; do
                            [ "$name" != "$ref" ] || seen=$commit
                        done </tmp/seen
                        return
                    fi
                done
                echo "$AURA_REMOTE does not answer: $(line /tmp/why)"
                exit 8
            }
            look
            if [ "$seen" = "$AURA_COMMIT" ]; then
                echo "$AURA_BRANCH is at $AURA_COMMIT on $AURA_REMOTE already"
                exit 0
            fi
            if [ -n "$seen" ] && [ "$seen" != "$AURA_REPLACES" ] &&
                    ! git merge-base --is-ancestor "$seen" "$AURA_COMMIT" 2>/dev/null; then
                echo "the remote has $AURA_BRANCH at $seen, which is none of ours:" \
                    "it was moved there, and is left alone"
                exit 4
            fi
            git push --quiet --no-verify "--force-with-lease=$ref:$seen" "$AURA_REMOTE" \
                "$AURA_COMMIT:$ref" >/tmp/said 2>&1 || true
            look
            [ "$seen" = "$AURA_COMMIT" ] || {
                echo "the remote has $AURA_BRANCH at ${seen:-nothing} after the push:" \
                    "$(line /tmp/said)"
                exit 4
            }
            echo "pushed $AURA_COMMIT to $AURA_BRANCH on $AURA_REMOTE"
            """#

    /// Puts the one change of a commit on top of `AURA_PARENT`; the overlay's files are made anew.
    ///
    /// Exit 3: all of it is there already. Exit 9: it does not fit, with the paths.
    static let rebase =
        commitsOnly + store + #"""
            bring "$AURA_COMMIT"
            bring "$AURA_PARENT"
            export GIT_DIR=/store/git GIT_INDEX_FILE=/tmp/index LC_ALL=C
            set -f
            tab=$(printf '\t')
            before=$(git rev-parse "$AURA_COMMIT^")
            git read-tree "$AURA_COMMIT"
            (cd /in/overlay && find . -type f) >/tmp/overlay
            while IFS= read -r file; do
                file=${file#./}
                git --literal-pathspecs ls-tree "$before" -- "$file" >/tmp/entry
                if IFS=' ' read -r mode _ blob </tmp/entry; then
                    git update-index --add --cacheinfo "$mode,${blob%%"$tab"*},$file"
                else
                    git update-index --force-remove -- "$file"
                fi
            done </tmp/overlay
            # Three commits of their own, so that nothing but the one change counts as ours.
            root=$(git commit-tree "$before^{tree}" -m before)
            ours=$(git commit-tree "$(git write-tree)" -p "$root" -m ours)
            theirs=$(git commit-tree "$AURA_PARENT^{tree}" -p "$root" -m theirs)
            status=0
            git merge-tree --write-tree --name-only --no-messages "$theirs" "$ours" >/tmp/merged ||
                status=$?
            if [ "$status" != 0 ]; then
                echo "it does not fit on $AURA_PARENT:"; sed 1d /tmp/merged; exit 9
            fi
            merged=$(sed 1q /tmp/merged)
            if [ "$merged" = "$(git rev-parse "$AURA_PARENT^{tree}")" ]; then
                echo "$AURA_PARENT has all of it"; exit 3
            fi
            git read-tree "$merged"

            """# + overlay + #"""
            git log -1 --format=%B "$AURA_COMMIT" >/tmp/message
            commit=$(git commit-tree "$(git write-tree)" -p "$AURA_PARENT" -F /tmp/message)
            git update-ref "refs/aura/$commit" "$commit"
            echo "commit $commit"
            """#

    /// A fresh tree of the base with the tests of a commit, as `AURA_TESTS` names them.
    ///
    /// Exit 3: the commit changes none of them.
    static let checkoutTests =
        commitsOnly + #"""
            git init --quiet /ws
            cd /ws
            for commit in "$AURA_PARENT" "$AURA_COMMIT"; do
                git fetch --quiet --no-tags \
                    --upload-pack='git -c uploadpack.allowAnySHA1InWant=true upload-pack' \
                    /store/git "$commit"
            done
            git checkout --quiet --detach "$AURA_PARENT"
            set -f --
            printf '%s\n' "$AURA_TESTS" >/tmp/globs
            while IFS= read -r glob; do
                set -- "$@" ":(top,glob)$glob" ":(top,glob)$glob/**"
            done </tmp/globs
            git diff --name-only -z --no-renames --diff-filter=AM "$AURA_PARENT" "$AURA_COMMIT" \
                -- "$@" >/tmp/tests
            [ -s /tmp/tests ] || { echo "no test is added"; exit 3; }
            git --literal-pathspecs checkout --quiet "$AURA_COMMIT" \
                --pathspec-from-file=/tmp/tests --pathspec-file-nul
            tr '\0' '\n' </tmp/tests
            """#

    /// What a commit changes, as a reviewer reads it.
    static let diff =
        commitsOnly + #"""
            git --git-dir=/store/git diff --no-color --no-ext-diff --no-textconv --stat --patch \
                "$AURA_PARENT" "$AURA_COMMIT"
            """#

    /// Makes a commit of what a failed task left; without the files, if they cannot be exported.
    ///
    /// The same rules as for `export` hold, which `AURA_EXPORT` is.
    static let salvage =
        commitsOnly + store + #"""
            status=0
            sh -c "$AURA_EXPORT" >/tmp/said 2>&1 || status=$?
            if [ "$status" = 0 ]; then cat /tmp/said; exit 0; fi
            export GIT_DIR=/store/git
            {
                cat /in/message
                [ "$status" = 3 ] || { echo; echo "The files are not kept:"; cat /tmp/said; }
            } | tr -d '\000-\010\013-\037\177' >/tmp/message
            commit=$(git commit-tree "$AURA_COMMIT^{tree}" -p "$AURA_COMMIT" -F /tmp/message)
            git update-ref "refs/aura/$commit" "$commit"
            echo "commit $commit"
            """#
}
