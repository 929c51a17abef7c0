// SPDX-License-Identifier: BSD-3-Clause
// A run without a solver, for test_record_crash.py: steps of known numbers, random pauses, every flush announced.
//
//   record_driver steps FILE STEPS PAUSE_US SEED     ends by finish()
//   record_driver disk-full FILE STEPS               from the third flush on, the file's second half takes no writes
//   record_driver snapshots FILE FOLDER              copies the file before (and amid) every write of finish()
//   record_driver read FILE                          how many steps it holds, without MPI
//   record_driver cost FILE STEPS PAUSE_US           what append() and flush() take
#include <fmt/format.h>
#include <mpi.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "haloscope/base/errors.hpp"
#include "haloscope/record/record.hpp"

using namespace haloscope;

namespace {

std::string watched, folder;  ///< set while finish() writes
int snapshots = 0;

void snapshot() {
  if (!folder.empty()) std::filesystem::copy_file(watched, fmt::format("{}/{:03d}.h5", folder, snapshots++));
}

ssize_t write_in_two(int file, const void* data, size_t size, off_t offset) {
  constexpr off_t page = 4096;  // the kernel looks for signals between pages, so a write may end at any of them
  snapshot();
  const off_t first = (offset / page + 1) * page - offset;
  if (folder.empty() || static_cast<off_t>(size) <= first) return syscall(SYS_pwrite64, file, data, size, offset);
  const auto done = static_cast<size_t>(syscall(SYS_pwrite64, file, data, static_cast<size_t>(first), offset));
  snapshot();
  const auto* const rest = static_cast<const char*>(data) + done;
  return static_cast<ssize_t>(done) + syscall(SYS_pwrite64, file, rest, size - done, offset + static_cast<off_t>(done));
}

}  // namespace

// HDF5 and the record room find these before the C library's.
extern "C" ssize_t pwrite(int file, const void* data, size_t size, off_t offset) {
  return write_in_two(file, data, size, offset);
}
extern "C" ssize_t pwrite64(int file, const void* data, size_t size, off_t offset) {
  return write_in_two(file, data, size, offset);
}
extern "C" int ftruncate(int file, off_t size) noexcept {
  snapshot();
  return static_cast<int>(syscall(SYS_ftruncate, file, size));
}
extern "C" int ftruncate64(int file, off_t size) noexcept { return ftruncate(file, size); }

namespace {

/// Numbers that the test knows, too.
StepTimes fake_step(std::int64_t step, int rank) {
  StepTimes times;
  times.seconds = 1 + static_cast<double>(step) + 0.25 * rank;
  for (const Phase phase : solver_phases)
    times.phase_seconds[static_cast<std::size_t>(phase)] = times.seconds / solver_phases.size();
  times.messages.fill(step);
  times.bytes.fill(step + rank);
  return times;
}

RecordHeader header(std::int64_t steps) {
  RecordHeader header;
  header.case_name = "driver";
  header.case_text = std::string(100000, '#');
  header.steps = steps;
  header.solver_quantities = {"iterations"};
  header.extra = {{"petsc_version", "none"}};
  return header;
}

MachineReport machine(int rank) {
  MachineReport machine;
  machine.place.host = fmt::format("node{}", rank);
  machine.place.logical_cores = {rank};
  machine.topology_xml = std::string(100000, 'x');
  return machine;
}

RecordEnd the_end() {
  return {.valid = true,
          .invalid_reasons = {},
          .warnings = {"all of it is invented"},
          .checks = {{"energy", 1, 1, 0, "exact", true}, {"mass", 2, 2, 0, "exact", true}},
          .profiles = {{"u", std::vector<double>(500, 1.0), std::vector<double>(500, 2.0)}, {"v", {0, 1}, {2, 3}}}};
}

void say(int rank, const std::string& text) {
  if (rank != 0) return;
  std::puts(text.c_str());
  std::fflush(stdout);
}

void steps(Record& record, int rank, std::int64_t count, long pause_us, unsigned seed) {
  std::mt19937 random(seed);  // the same pauses on all ranks
  std::uniform_int_distribution<long> pause(0, 2 * pause_us);
  std::int64_t told = 0;
  for (std::int64_t step = 0; step < count; ++step) {
    usleep(static_cast<useconds_t>(pause(random)));
    record.append(fake_step(step, rank), MPI_Wtime(), {static_cast<double>(step)});
    if (step % 41 == 40) record.flush();  // often, so that kills meet it
    if (record.flushed() > told) say(rank, fmt::format("flushed {}", told = record.flushed()));
  }
}

void disk_full(Record& record, int rank, const std::string& path, std::int64_t count) {
  std::signal(SIGXFSZ, SIG_IGN);  // NOLINT: a write beyond the limit then fails, as on a full disk
  for (std::int64_t step = 0; step < count; ++step) {
    record.append(fake_step(step, rank), MPI_Wtime(), {static_cast<double>(step)});
    if (step % 10 != 9) continue;
    record.flush();
    say(rank, fmt::format("flushed {}", record.flushed()));
    const auto half = static_cast<rlim_t>(std::filesystem::file_size(path) / 2);
    const rlimit limit{.rlim_cur = half, .rlim_max = half};
    if (step == 29) setrlimit(RLIMIT_FSIZE, &limit);
  }
}

void cost(Record& record, int rank, std::int64_t count, long pause_us) {
  std::vector<double> plain, flushing;
  for (std::int64_t step = 0; step < count; ++step) {
    usleep(static_cast<useconds_t>(pause_us));
    const std::int64_t before = record.flushed();
    const StepTimes times = fake_step(step, rank);
    const double start = MPI_Wtime();
    record.append(times, start, {static_cast<double>(step)});
    (record.flushed() > before ? flushing : plain).push_back(1e6 * (MPI_Wtime() - start));
  }
  std::sort(plain.begin(), plain.end());
  std::sort(flushing.begin(), flushing.end());
  double sum = 0;
  for (const double one : plain) sum += one;
  say(rank, fmt::format("append: median {:.2f} us, mean {:.2f} us", plain[plain.size() / 2],
                        sum / static_cast<double>(plain.size())));
  if (flushing.empty()) return;
  say(rank, fmt::format("flush: median {:.0f} us, worst {:.0f} us, {} of {} steps", flushing[flushing.size() / 2],
                        flushing.back(), flushing.size(), count));
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> word(argv, argv + argc);
  if (word.at(1) == "read") {
    say(0, fmt::format("steps {}", read_run_file(word.at(2)).step_seconds.size()));
    return 0;
  }
  MPI_Init(&argc, &argv);
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  try {
    const std::string &mode = word.at(1), &path = word.at(2);
    const std::int64_t count = mode == "snapshots" ? 20 : std::stoll(word.at(3));
    Record record(MPI_COMM_WORLD, path, true, header(count), machine(rank));
    say(rank, "created");
    if (mode == "steps")
      steps(record, rank, count, std::stol(word.at(4)), static_cast<unsigned>(std::stoul(word.at(5))));
    if (mode == "disk-full") disk_full(record, rank, path, count);
    if (mode == "cost") cost(record, rank, count, std::stol(word.at(4)));
    if (mode == "snapshots") {
      steps(record, rank, count / 2, 0, 1);
      record.flush();
      watched = path;
      folder = word.at(3);
    }
    say(rank, "finishing");
    record.finish(the_end());
    folder.clear();
    say(rank, "finished");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "rank %d: %s\n", rank, error.what());
    MPI_Abort(MPI_COMM_WORLD, static_cast<int>(ExitCode::library_error));
  }
  MPI_Finalize();
  return 0;
}
