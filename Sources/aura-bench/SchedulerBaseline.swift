import AuraSystem
import Glibc

/// APScheduler 3 from PyPI with as many jobs due at one instant; nothing of it is durable.
enum SchedulerBaseline {
    private static let program = """
        import sys, time, datetime, threading
        from apscheduler.schedulers.background import BackgroundScheduler
        from apscheduler.executors.pool import ThreadPoolExecutor
        count = int(sys.argv[1])
        late, done, lock = [], threading.Event(), threading.Lock()
        due = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=3)
        def fire():
            with lock:
                late.append((time.time() - due.timestamp()) * 1000)
                if len(late) == count: done.set()
        s = BackgroundScheduler(timezone='UTC', executors={'default': ThreadPoolExecutor(4)},
                                job_defaults={'misfire_grace_time': 60})
        s.start(paused=True)
        for i in range(count): s.add_job(fire, 'date', run_date=due, id=str(i))
        s.resume()
        done.wait(60)
        print(sorted(late)[count * 99 // 100])
        """

    /// The Python of a new environment with APScheduler in `directory`; nil when it cannot be had.
    static func environment(in directory: String) -> String? {
        let place = directory + "/environment"
        let make =
            "python3 -m venv '\(place)' >/dev/null 2>&1 && '\(place)/bin/python3' -m pip install "
            + "-q --no-cache-dir 'apscheduler<4' >/dev/null 2>&1"
        guard let pipe = popen(make, "r"), pclose(pipe) == 0 else { return nil }
        return place + "/bin/python3"
    }

    /// The 99th percentile of lateness in milliseconds.
    static func lateness(python: String, count: Int) throws -> Double {
        let scratch = try ScratchDirectory(in: "/tmp")
        defer { scratch.remove() }
        let path = scratch.path + "/schedule.py"
        try FileSystem.writeAtomically(Array(program.utf8), to: path)
        guard let pipe = popen("'\(python)' '\(path)' \(count) 2>&1", "r") else {
            throw BenchFailure("\(python) does not start")
        }
        defer { pclose(pipe) }
        var bytes = [CChar](repeating: 0, count: 4096)
        var text = ""
        while fgets(&bytes, Int32(bytes.count), pipe) != nil {
            text += String(
                decoding: bytes.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        }
        guard let last = text.split(separator: "\n").last, let value = Double(last) else {
            throw BenchFailure("APScheduler said: \(text)")
        }
        return value
    }
}
