import AuraModel

/// What an automaton's row knows of time: which firings are decided, wherever the clock goes.
///
/// Up to the cursor all is decided, but for spans that are open: firings that were only missed, and
/// times in which the schedule was not in force. After the cursor nothing is decided, but for the
/// spans that are settled. When the clock goes back, the cursor does so to the earliest open span
/// that it comes back into, and what was decided after that becomes settled. Open and settled spans
/// never share an instant: no firing is decided for good twice.
extension AutomatonRow {
    /// Everything up to `nominal` is decided.
    mutating func advance(to nominal: Instant) {
        cursor = nominal
        settled = settled?.filter { $0.through > nominal }.nonEmpty
    }

    /// Firings up to `through` were missed; `summary` is the row that stands for the newest of
    /// them.
    mutating func miss(through: Instant, summary: OccurrenceRow? = nil) {
        var list = misses ?? []
        for span in undecided(after: cursor, through: through) {
            if summary == nil, let last = list.last, last.span.through == span.after {
                list[list.count - 1].span.through = span.through
            } else {
                list.append(Miss(span: span))
            }
        }
        if let summary, !list.isEmpty { list[list.count - 1].summary = summary }
        misses = list
        Self.forget(&misses, most: Self.missesMax, \.span.length)
        advance(to: through)
    }

    /// The schedule is in force from `at` on: it has no past.
    ///
    /// Nothing was decided of what it passes over: if the clock goes back, that is still to come.
    mutating func begin(at: Instant, isNew: Bool) {
        if at > cursor || isNew {
            let from = isNew ? Instant(milliseconds: .min) : cursor
            var list = unplanned ?? []
            for span in undecided(after: from, through: at) {
                if let last = list.last, last.through == span.after {
                    list[list.count - 1].through = span.through
                } else {
                    list.append(span)
                }
            }
            unplanned = list
            Self.forget(&unplanned, most: Self.settledMax, \.length)
            advance(to: max(cursor, at))
        }
        activeSince = at
        isOverdue = nil
        // What is watched has no past either.
        mark = nil
    }

    /// A firing of the past was backfilled: it does not come again, even if the clock goes back.
    ///
    /// Gives the rows for many firings that stand for fewer now, or are new.
    mutating func settle(_ nominal: Instant) -> [OccurrenceRow] {
        let hole = Span(after: nominal + Milliseconds(-1), through: nominal)
        var sums: [OccurrenceRow] = []
        unplanned = unplanned?.flatMap { $0.without(hole) }.nonEmpty
        misses =
            misses?.flatMap { miss -> [Miss] in
                var parts = miss.span.without(hole).map { Miss(span: $0, summary: miss.summary) }
                guard parts.count > 1, let sum = miss.summary, let through = sum.through
                else { return parts }
                // Either part may be forgotten, or planned again, before the other: each has a row
                // of its own.
                parts[0].summary = sum.nominal <= hole.after ? sum : nil
                parts[1].summary = hole.through < through ? sum : nil
                guard parts[0].summary != nil, parts[1].summary != nil else { return parts }
                parts[0].summary?.through = hole.after
                parts[1].summary?.nominal = hole.through
                sums += parts.compactMap(\.summary)
                return parts
            }.nonEmpty
        Self.forget(&unplanned, most: Self.settledMax, \.length)
        Self.forget(&misses, most: Self.missesMax, \.span.length)
        return sums
    }

    /// The clock went back to `now`; nil when nothing changed.
    ///
    /// Gives the rows for many firings that stand for fewer now: up to the cursor, and for none
    /// where they end before they begin.
    mutating func goBack(to now: Instant) -> [OccurrenceRow]? {
        let open = ((unplanned ?? []) + (misses ?? []).map(\.span))
            .filter { now < $0.through }.sorted { $0.after < $1.after }
        guard let lowest = open.first else { return nil }
        let back = max(now, lowest.after)
        guard back < cursor else { return nil }
        var decided = settled ?? []
        var edge = back
        for span in open {
            if span.after > edge { decided.append(Span(after: edge, through: span.after)) }
            edge = max(edge, span.through)
        }
        if edge < cursor { decided.append(Span(after: edge, through: cursor)) }
        settled = Self.joined(decided).nonEmpty
        cursor = back
        unplanned = unplanned?.compactMap { $0.until(back) }.nonEmpty
        return reopenMisses(after: back)
    }

    private mutating func reopenMisses(after back: Instant) -> [OccurrenceRow] {
        var sums: [OccurrenceRow] = []
        misses =
            misses?.compactMap { miss -> Miss? in
                var left = miss.span.until(back).map { Miss(span: $0, summary: miss.summary) }
                guard var sum = miss.summary, let through = sum.through, through > back
                else { return left }
                sum.through = back
                sums.append(sum)
                left?.summary = sum.nominal > back ? nil : sum
                return left
            }.nonEmpty
        return sums
    }

    /// The first instant from `instant` on that nothing is decided about.
    func firstUndecided(from instant: Instant) -> Instant {
        var first = max(instant, cursor + Milliseconds(1))
        for span in settled ?? [] where span.after < first && first <= span.through {
            first = span.through + Milliseconds(1)
        }
        return first
    }

    /// The instants of a span without those that are settled.
    private func undecided(after: Instant, through: Instant) -> [Span] {
        var spans: [Span] = []
        var edge = after
        for span in settled ?? [] where span.through > after && span.after < through {
            if span.after > edge { spans.append(Span(after: edge, through: span.after)) }
            edge = max(edge, span.through)
        }
        if edge < through { spans.append(Span(after: edge, through: through)) }
        return spans
    }

    /// The spans in order, where they touch as one; the narrowest gaps are closed until they are few
    /// enough.
    private static func joined(_ spans: [Span]) -> [Span] {
        var joined: [Span] = []
        for span in spans.sorted(by: { $0.after < $1.after }) {
            if let last = joined.last, span.after <= last.through {
                joined[joined.count - 1].through = max(last.through, span.through)
            } else {
                joined.append(span)
            }
        }
        while joined.count > settledMax {
            let narrowest = joined.indices.dropLast().min {
                joined[$0].gap(to: joined[$0 + 1]) < joined[$1].gap(to: joined[$1 + 1])
            }
            guard let index = narrowest else { break }
            joined[index].through = joined.remove(at: index + 1).through
        }
        return joined
    }

    /// Takes the shortest items out until there are `most`; no list instead of an empty one.
    private static func forget<Item>(
        _ items: inout [Item]?, most: Int, _ length: (Item) -> UInt
    ) {
        guard var list = items else { return }
        while list.count > most,
            let shortest = list.indices.min(by: { length(list[$0]) < length(list[$1]) })
        {
            list.remove(at: shortest)
        }
        items = list.nonEmpty
    }
}

extension AutomatonRow.Span {
    /// Milliseconds; a span may reach from the beginning of time to its end.
    fileprivate var length: UInt {
        UInt(bitPattern: through.milliseconds &- after.milliseconds)
    }

    fileprivate func gap(to next: Self) -> UInt {
        UInt(bitPattern: next.after.milliseconds &- through.milliseconds)
    }

    /// What of it lies beside `hole`.
    fileprivate func without(_ hole: Self) -> [Self] {
        [
            Self(after: after, through: min(through, hole.after)),
            Self(after: max(after, hole.through), through: through),
        ].filter { $0.after < $0.through }
    }

    /// What of it lies up to `end`; nil when nothing does.
    fileprivate func until(_ end: Instant) -> Self? {
        after < end ? Self(after: after, through: min(through, end)) : nil
    }
}

extension Definition {
    /// Whether both plan the same firings, due at the same time.
    func firesLike(_ other: Definition) -> Bool {
        schedule == other.schedule && zone == other.zone
            && firingPolicy.jitter == other.firingPolicy.jitter
            && firingPolicy.after == other.firingPolicy.after
            && firingPolicy.trigger == other.firingPolicy.trigger
    }
}

extension Array {
    /// nil when there is nothing in it: such a list is left out of a row.
    fileprivate var nonEmpty: Self? { isEmpty ? nil : self }
}
