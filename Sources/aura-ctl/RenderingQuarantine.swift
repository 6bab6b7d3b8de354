import AuraModel

/// The evidence behind a quarantine, and the ways out of it.
enum QuarantineText {
    /// 5: the newest failures; `aura-ctl logs` has all.
    private static let failuresMax = 5

    /// Each failure with how its worker ended, then what to type.
    static func lines(
        of quarantine: Quarantine, _ name: AutomatonName, _ times: TimeText
    ) -> [String] {
        var lines: [String] = []
        func add(_ title: String, _ value: String) {
            lines.append("  " + TextWidth.pad(title + ":", to: 11, right: true) + " " + value)
        }
        for (index, failure) in quarantine.failures.suffix(failuresMax).enumerated() {
            let ending = failure.outcome.ending.rawValue
            add(
                index == 0 ? "evidence" : "",
                "run \(failure.run.short), \(ending) \(times.ago(failure.at))")
            for death in failure.deaths {
                add("", "#\(death.sequence): \(SafeText.brief(death.detail))")
            }
            if failure.deaths.isEmpty {
                let entry = failure.sequence.map { "#\($0): " } ?? ""
                add("", entry + SafeText.brief(failure.outcome.detail))
            }
        }
        add("release", "aura-ctl resume \(name)")
        add("or try it", "aura-ctl run \(name) --wait; a success releases it")
        return lines
    }
}
