// SPDX-License-Identifier: BSD-3-Clause
#include "launch/child.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "haloscope/base/errors.hpp"

namespace haloscope {

namespace {

constexpr double grace_s = 10;  ///< from SIGTERM to SIGKILL [s]
constexpr double beat_s = 0.2;
constexpr std::array stops = {SIGINT, SIGTERM, SIGHUP};

sigset_t watched() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : stops) sigaddset(&set, number);
  sigaddset(&set, SIGCHLD);
  return set;
}

/// Every process below this one, from /proc.
std::vector<pid_t> descendants() {
  std::multimap<pid_t, pid_t> children;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", ignored)) {
    const pid_t process = static_cast<pid_t>(std::atoi(entry.path().filename().c_str()));
    if (process <= 0) continue;
    std::ifstream file(entry.path() / "stat");
    std::string line;
    std::getline(file, line);
    std::istringstream rest(line.substr(std::min(line.size(), line.rfind(')') + 1)));  // the name may have spaces
    char state = 0;
    pid_t parent = 0;
    if (rest >> state >> parent) children.emplace(parent, process);
  }
  std::vector<pid_t> all{getpid()};
  for (std::size_t n = 0; n < all.size(); ++n) {
    const auto [begin, end] = children.equal_range(all[n]);
    for (auto child = begin; child != end; ++child) all.push_back(child->second);
  }
  all.erase(all.begin());
  return all;
}

/// What is left of a run, orphans that came to us included.
void kill_everything_below() {
  for (int round = 0; round < 100; ++round) {
    while (waitpid(-1, nullptr, WNOHANG) > 0) continue;
    const std::vector<pid_t> left = descendants();
    if (left.empty()) return;
    for (const pid_t process : left) kill(process, SIGKILL);
    poll(nullptr, 0, 10);
  }
}

/// In the new process: becomes the command. Only calls that are safe after a fork.
[[noreturn]] void become(char* const* words, int in, int out, int err, pid_t parent) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent) _exit(126);  // it died before the line above
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  dup2(in, STDIN_FILENO);
  dup2(out, STDOUT_FILENO);
  dup2(err, STDERR_FILENO);
  execvp(words[0], words);
  const char* const why = std::strerror(errno);
  for (const char* const part : {"haloscope: ", const_cast<const char*>(words[0]), ": ", why, "\n"})
    if (write(STDERR_FILENO, part, std::strlen(part)) < 0) break;
  _exit(127);
}

/// @return the process; in, out and err are its three first files
pid_t start(const std::vector<std::string>& command, int in, int out, int err) {
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  const pid_t parent = getpid(), process = fork();
  if (process == 0) become(words.data(), in, out, err, parent);
  if (process < 0) throw LibraryError(fmt::format("{}: cannot be started: {}", command[0], std::strerror(errno)));
  setpgid(process, process);  // as the child does: whoever comes first
  return process;
}

int code_of(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

std::string all_of(int file) {
  std::string text(static_cast<std::size_t>(std::max<off_t>(0, lseek(file, 0, SEEK_END))), '\0');
  const ssize_t bytes = pread(file, text.data(), text.size(), 0);
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(0, bytes)));
  return text;
}

}  // namespace

double seconds_now() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

SignalWatch::SignalWatch() {
  const sigset_t set = watched();
  sigprocmask(SIG_BLOCK, &set, nullptr);
  prctl(PR_SET_CHILD_SUBREAPER, 1);
}

SignalWatch::~SignalWatch() {
  const sigset_t set = watched();
  sigprocmask(SIG_UNBLOCK, &set, nullptr);
  prctl(PR_SET_CHILD_SUBREAPER, 0);
}

std::string SignalWatch::wait(double seconds) {
  const sigset_t set = watched();
  const double whole = std::floor(std::max(0.0, seconds));
  const timespec most{static_cast<std::time_t>(whole), static_cast<long>(1e9 * (std::max(0.0, seconds) - whole))};
  const int number = sigtimedwait(&set, nullptr, &most);
  return number == SIGINT ? "SIGINT" : number == SIGTERM ? "SIGTERM" : number == SIGHUP ? "SIGHUP" : "";
}

ChildEnd run_child(const std::vector<std::string>& command, const std::string& log, double time_limit_s,
                   SignalWatch& signals, const std::function<void(double)>& beat) {
  const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  const int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (out < 0 || in < 0) throw LibraryError(fmt::format("{}: cannot be written: {}", log, std::strerror(errno)));
  const double begin = seconds_now();
  const pid_t process = start(command, in, out, out);
  close(in);
  close(out);

  ChildEnd end;
  double kill_at = 0;  // 0: nobody has asked it to end
  bool killed = false;
  for (int status = 0;;) {
    const pid_t ended = waitpid(process, &status, WNOHANG);
    end.seconds = seconds_now() - begin;
    if (ended == process || (ended < 0 && errno != EINTR)) {
      end.code = code_of(status);
      break;
    }
    if (kill_at > 0 && !killed && end.seconds >= kill_at) {
      for (const pid_t below : descendants()) kill(below, SIGKILL);
      killed = true;
    }
    if (kill_at == 0 && end.seconds >= time_limit_s) {
      end.timed_out = true;
      kill(-process, SIGTERM);
      kill_at = end.seconds + grace_s;
    }
    const double next = kill_at > 0 ? kill_at : time_limit_s;
    if (const std::string signal = signals.wait(std::clamp(next - end.seconds, 0.01, beat_s)); !signal.empty()) {
      if (end.interrupted.empty()) kill(-process, SIGTERM);
      kill_at = end.interrupted.empty() ? end.seconds + grace_s : end.seconds;
      end.interrupted = signal;
    }
    beat(end.seconds);
  }
  kill_everything_below();
  return end;
}

Answer ask_command(const std::vector<std::string>& command) {
  Answer answer;
  if (find_command(command[0]).empty()) return {127, "", command[0] + ": command not found"};
  std::FILE* const out = std::tmpfile();
  std::FILE* const err = std::tmpfile();
  const int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (out == nullptr || err == nullptr || in < 0)
    throw LibraryError(fmt::format("{}: no temporary file: {}", command[0], std::strerror(errno)));
  const pid_t process = start(command, in, fileno(out), fileno(err));
  int status = 0;
  while (waitpid(process, &status, 0) < 0 && errno == EINTR) continue;
  answer.code = code_of(status);
  answer.out = all_of(fileno(out));
  answer.err = all_of(fileno(err));
  std::fclose(out);
  std::fclose(err);
  close(in);
  return answer;
}

std::string shell_line(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words) {
    const bool plain = word.find_first_not_of(
                           "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                           "_-./=:,+@%") == std::string::npos &&
                       !word.empty();
    std::string inside = word;
    for (std::size_t at = 0; (at = inside.find('\'', at)) != std::string::npos; at += 4) inside.replace(at, 1, "'\\''");
    line += (line.empty() ? "" : " ") + (plain ? word : "'" + inside + "'");
  }
  return line;
}

std::string find_command(const std::string& word) {
  const auto runs = [](const std::string& path) {
    std::error_code ignored;
    return std::filesystem::is_regular_file(path, ignored) && access(path.c_str(), X_OK) == 0;
  };
  if (word.find('/') != std::string::npos) return runs(word) ? word : "";
  const char* const path = std::getenv("PATH");
  std::istringstream folders(path != nullptr ? path : "/usr/bin:/bin");
  for (std::string folder; std::getline(folders, folder, ':');)
    if (const std::string candidate = folder + "/" + word; runs(candidate)) return candidate;
  return "";
}

}  // namespace haloscope
