// SPDX-License-Identifier: BSD-3-Clause
// Runs of a study as jobs of Slurm, one a run: each has its own size and walltime, fails alone, and starts in the
// study's shuffled order; an array a rank count would leave the order to the scheduler and tie a run to an index.
//
// The file system is the truth: a job writes RUN.started and RUN.exit. squeue only tells whether a job is still there.
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "haloscope/base/errors.hpp"
#include "launch/launcher.hpp"
#include "launch/slurm_commands.hpp"

namespace haloscope {

namespace {

constexpr int looks_until_gone = 2;  ///< without a job and without its files, which a shared file system may bring late

using Queue = std::map<std::string, slurm::QueuedJob>;

bool is_out(const ManifestRun& run) { return run.state == RunState::submitted || run.state == RunState::running; }

std::vector<std::string> split_hosts(const std::string& text) {
  std::vector<std::string> hosts;
  std::istringstream words(text);
  for (std::string host; std::getline(words, host, ',');)
    if (!host.empty()) hosts.push_back(host);
  return hosts;
}

/// What the job wrote when it began or ended. @return whether there was anything
bool take_note(ManifestRun& run, std::map<std::string, std::string> note) {
  if (note.empty()) return false;
  run.job = note["job"];
  run.hosts = split_hosts(note["hosts"]);
  run.started_utc = note["started"];
  if (note.contains("seconds")) run.seconds = std::strtod(note["seconds"].c_str(), nullptr);
  return true;
}

/// A run whose job has ended: from its exit note, or without one from what Slurm says. @return its median step [s]
double settle(const Manifest& manifest, ManifestRun& run) {
  std::map<std::string, std::string> note = slurm::read_note(manifest.path(run, "exit"));
  const bool noted = take_note(run, note);
  const int code = noted ? std::atoi(note["code"].c_str()) : -1;
  const double median = manifest.judge_end(run, code);
  const int valid_end = static_cast<int>(ExitCode::result_invalid);
  if (noted && code <= valid_end) return median;
  const std::string state = slurm::end_state(run.job);  // killed, or gone without a word
  if (state == "TIMEOUT")
    run.reason = fmt::format("time limit of {:g} s (job {} {})", manifest.study().time_limit_s, run.job, state);
  else if (!noted)
    run.reason =
        fmt::format("job {} {}", run.job.empty() ? "?" : run.job,
                    state.empty() || state == "COMPLETED" ? "is gone and left no RUN.exit" : "ended as " + state);
  return median;
}

class Submission {
 public:
  Submission(Manifest& manifest, const Site& site, StudyProgress& progress)
      : manifest_(manifest), site_(site), progress_(progress) {}

  void submit(ManifestRun& run) {
    manifest_.put_aside(run);
    const std::string script = manifest_.path(run, "sh");
    std::ofstream file(script);
    file << slurm_script(manifest_, run, site_);
    file.close();
    if (!file) throw LibraryError(fmt::format("{}: cannot be written: {}", script, std::strerror(errno)));
    run.command = {"sbatch", "--parsable", script};
    run.state = RunState::submitted;  // kept before it is true: a job that nobody knows of is found by its script
    manifest_.save();
    std::string refusal;
    run.job = slurm::submit(script, refusal);
    if (run.job.empty()) {
      run.state = RunState::failed;
      run.reason = "sbatch: " + refusal;
      refused_.push_back(&run);
    } else {
      ++accepted_;
    }
    manifest_.save();
  }

  /// @throws LibraryError when nothing at all was accepted
  void close() {
    if (accepted_ == 0 && !refused_.empty())
      throw LibraryError(fmt::format("sbatch refused {}: {}", refused_.size() == 1 ? "the run" : "every run",
                                     refused_.back()->reason.substr(8)));
    for (const ManifestRun* const run : refused_) progress_.finished(*run, 0);
    if (accepted_ > 0)
      progress_.say(fmt::format("haloscope: {} job{} submitted", accepted_, accepted_ == 1 ? "" : "s"));
  }

 private:
  Manifest& manifest_;
  const Site& site_;
  StudyProgress& progress_;
  std::vector<const ManifestRun*> refused_;
  int accepted_ = 0;
};

/// Takes up a run that an earlier study here left. A job that has ended since is settled. A job that is still there is
/// taken over, even if its number never reached the manifest.
void catch_up(Manifest& manifest, ManifestRun& run, const Queue& queue, StudyProgress& progress) {
  if (run.state == RunState::done) {
    manifest.judge_end(run, 0);
    return;
  }
  const auto job = queue.find(manifest.path(run, "sh"));
  if (is_out(run) && job != queue.end()) {
    run.job = job->second.id;
    return;
  }
  if (is_out(run)) {
    const double median = settle(manifest, run);
    progress.finished(run, median);
  }
}

/// One look at every job. @return a line for the terminal
std::string look(Manifest& manifest, StudyProgress& progress, std::map<std::string, int>& missing,
                 std::string& complaint) {
  std::string said;
  const std::optional<Queue> queue = slurm::queue(said);
  if (!queue && said != complaint) progress.say("haloscope: squeue: " + said + "; waiting until it answers");
  complaint = said;
  int running = 0, waiting = 0;
  std::string why;
  for (ManifestRun& run : manifest.runs()) {
    if (!is_out(run)) continue;
    std::map<std::string, std::string> end = slurm::read_note(manifest.path(run, "exit"));
    const auto job = queue ? queue->find(manifest.path(run, "sh")) : Queue::const_iterator{};
    const bool there = !queue || job != queue->end();
    missing[run.run.id] = there ? 0 : missing[run.run.id] + 1;
    // An end that is no success is final when the job has left: Slurm may start it again (a lost node, preemption).
    const bool ended = !end.empty() && (end["code"] == "0" || !there);
    if (ended || missing[run.run.id] >= looks_until_gone) {
      const double median = settle(manifest, run);
      manifest.save();
      progress.finished(run, median);
      continue;
    }
    const bool was_running = run.state == RunState::running;
    const bool runs = end.empty() && take_note(run, slurm::read_note(manifest.path(run, "started")));
    run.state = runs ? RunState::running : RunState::submitted;
    if (runs != was_running) manifest.save();
    (runs ? running : waiting) += 1;
    if (!runs && queue && there && why.empty()) why = job->second.reason;
  }
  const auto& all = manifest.runs();
  const auto over = static_cast<std::ptrdiff_t>(all.size()) - std::ranges::count_if(all, is_out);
  return fmt::format("[{}/{}] {} running, {} waiting{}", over, all.size(), running, waiting,
                     why.empty() || why == "None" ? "" : " (" + why + ")");
}

}  // namespace

std::string run_by_slurm(Manifest& manifest, const Site& site, bool submit_only, StudyProgress& progress,
                         SignalWatch& signals) {
  std::vector<ManifestRun>& runs = manifest.runs();
  std::string complaint;
  const std::optional<Queue> queue = slurm::queue(complaint);
  if (!queue) throw LibraryError("squeue: " + complaint);

  Submission submission(manifest, site, progress);
  for (ManifestRun& run : runs) {
    catch_up(manifest, run, *queue, progress);
    if (const std::string signal = signals.wait(0); !signal.empty()) return signal;
    if (!is_out(run) && run.state != RunState::done) submission.submit(run);
  }
  manifest.save();
  submission.close();
  if (submit_only) return "";

  std::map<std::string, int> missing;
  while (std::ranges::any_of(runs, is_out)) {
    progress.draw(look(manifest, progress, missing, complaint));
    if (!std::ranges::any_of(runs, is_out)) break;
    for (double slept = 0; slept < site.poll_seconds;) {
      const double before = seconds_now();
      if (const std::string signal = signals.wait(site.poll_seconds - slept); !signal.empty()) return signal;
      slept += std::max(1e-3, seconds_now() - before);
    }
  }
  return "";
}

}  // namespace haloscope
