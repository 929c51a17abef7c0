// SPDX-License-Identifier: BSD-3-Clause
#include "haloscope/record/record.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <optional>
#include <system_error>

#include "haloscope/base/agreement.hpp"
#include "haloscope/base/errors.hpp"
#include "haloscope/base/output.hpp"
#include "haloscope/record/hdf5.hpp"
#include "record/rows.hpp"
#include "record/structure.hpp"

namespace haloscope {

using hdf5::check;

namespace {

constexpr std::int64_t longest_pause = 50;  ///< steps between two looks at the age of what is kept back
constexpr double oldest = 1.0;              ///< age at which it is flushed [s]; with the steps to the next look, 2 s

/// What @p work throws, as one line; empty when it goes well.
template <class Work>
std::string failure_of(Work&& work) {
  try {
    work();
    return {};
  } catch (const hdf5::Error& error) {
    return error.what();
  } catch (const std::system_error& error) {
    return error.code().message();
  }
}

std::string free_space(const std::string& path) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  struct statvfs disk {};
  if (::statvfs(folder.empty() ? "." : folder.c_str(), &disk) != 0) return "free space unknown";
  const double mebibytes = static_cast<double>(disk.f_bavail) * static_cast<double>(disk.f_frsize) / (1 << 20);
  return fmt::format("{:.1f} MiB free there", mebibytes);
}

}  // namespace

struct Record::State {
  State(MPI_Comm world, const std::string& where, bool force, const RecordHeader& header, const MachineReport& machine);
  ~State();

  void create(bool force, const RecordHeader& header, const MachineReport& machine);
  void open(const RecordHeader& header);
  void write_place(const RankPlace& place, const RecordExtents& extents) const;
  void agree_on_writing(const std::string& failure) const;
  void keep(const StepTimes& times, double aligned_start, const std::vector<double>& solver_values);
  bool due();
  void flush();
  void finish(const RecordEnd& end);
  void write_solver() const;
  template <class T>
  void write_own(const std::string& name, const T* value, hid_t type) const;

  Communicator comm;
  int rank = 0, ranks = 1;
  std::string path, partial;
  std::int64_t steps = 0;
  Rows rows;  ///< kept back
  std::int64_t flushed = 0;
  std::int64_t next_look = 1;  ///< steps kept at which all ranks compare ages
  std::int64_t pause = 1;      ///< steps from one look to the next
  double first_start = 0;      ///< rank 0's clock [s]
  double kept_since = 0;       ///< end of the last flush, by this machine's clock [s]
  int exceptions_at_birth = std::uncaught_exceptions();

  std::optional<RecordStructure> structure;  ///< on rank 0
  hdf5::File file;                           ///< the parallel handle
  std::vector<hdf5::Dataset> solver;         ///< of each quantity
  std::vector<std::vector<double>> values;   ///< likewise, kept back; on rank 0
};

// --- creating --------------------------------------------------------------------------------------------------------

Record::State::State(MPI_Comm world, const std::string& where, bool force, const RecordHeader& header,
                     const MachineReport& machine)
    : comm(make_communicator(world)),
      path(where),
      partial(where + ".part"),
      steps(header.steps),
      rows(comm.get(), header) {
  check_mpi(MPI_Comm_rank(comm.get(), &rank));
  check_mpi(MPI_Comm_size(comm.get(), &ranks));
  if (rank == 0)
    values.assign(header.solver_quantities.size(), std::vector<double>(static_cast<std::size_t>(rows.capacity())));
  kept_since = PMPI_Wtime();
  hdf5::be_silent();
  agree<UserError>(comm.get(), rank == 0 ? output_objection(path, "--output", force) : std::string());
  try {
    create(force, header, machine);
  } catch (...) {  // the same on all ranks
    file.reset();
    if (rank == 0) ::unlink(partial.c_str());
    throw;
  }
}

void Record::State::create(bool force, const RecordHeader& header, const MachineReport& machine) {
  const std::string cores = core_list(machine.place.logical_cores);
  int lengths[2] = {static_cast<int>(machine.place.host.size()), static_cast<int>(cores.size())};
  check_mpi(MPI_Allreduce(MPI_IN_PLACE, lengths, 2, MPI_INT, MPI_MAX, comm.get()));
  const RecordExtents extents{.ranks = ranks,
                              .host_length = static_cast<std::size_t>(std::max(lengths[0], 1)),
                              .cores_length = static_cast<std::size_t>(std::max(lengths[1], 1))};
  const auto all = [this](const auto& work) { agree_on_writing(failure_of(work)); };
  all([&] {
    if (rank == 0) structure.emplace(partial, header, machine, extents);
  });
  agree<UserError>(comm.get(),
                   ::access(partial.c_str(), R_OK | W_OK) == 0
                       ? std::string()
                       : fmt::format("{}: must lie in a folder that all nodes share and may write to", path));
  all([&] { open(header); });
  all([&] {  // each rank an equal run of steps
    const std::int64_t begin = steps * rank / ranks, end = steps * (rank + 1) / ranks;
    rows.write_missing(begin, end);
    for (const auto& set : solver) write_missing(set, H5T_NATIVE_DOUBLE, missing_real, begin, end);
  });
  all([&] { write_place(machine.place, extents); });
  std::string failure;
  if (rank == 0) {
    struct stat found {};
    if (!force && ::stat(path.c_str(), &found) == 0)
      failure = "another program has made it meanwhile";
    else if (std::rename(partial.c_str(), path.c_str()) != 0)
      failure = std::generic_category().message(errno);
    else
      structure->moved_to(path);
    if (!failure.empty()) failure = fmt::format("{}: cannot be written: {}", path, failure);
  }
  agree<UserError>(comm.get(), failure);
}

void Record::State::open(const RecordHeader& header) {
  const hdf5::Properties access(check(H5Pcreate(H5P_FILE_ACCESS)));
  check(H5Pset_fapl_mpio(access.get(), comm.get(), MPI_INFO_NULL));
  check(H5Pset_all_coll_metadata_ops(access.get(), true));  // one rank reads the structure and broadcasts it
  file = hdf5::File(check(H5Fopen(partial.c_str(), H5F_ACC_RDWR, access.get())));
  rows.open(file.get());
  for (const std::string& name : header.solver_quantities)
    solver.emplace_back(check(H5Dopen2(file.get(), ("/solver/" + name).c_str(), H5P_DEFAULT)));
}

void Record::State::agree_on_writing(const std::string& failure) const {
  agree<LibraryError>(comm.get(), failure.empty()
                                      ? failure
                                      : fmt::format("{}: cannot be written: {} ({})", path, failure, free_space(path)));
}

void Record::State::write_place(const RankPlace& place, const RecordExtents& extents) const {
  std::string host = place.host, cores = core_list(place.logical_cores);
  host.resize(extents.host_length);
  cores.resize(extents.cores_length);
  const std::int64_t numbers[] = {place.bound, place.numa_node, place.package};
  const hdf5::Type host_type = hdf5::text_type(extents.host_length), cores_type = hdf5::text_type(extents.cores_length);
  write_own("/ranks/host", host.data(), host_type.get());
  write_own("/ranks/logical_cores", cores.data(), cores_type.get());
  write_own("/ranks/bound", &numbers[0], H5T_NATIVE_INT64);
  write_own("/ranks/numa_node", &numbers[1], H5T_NATIVE_INT64);
  write_own("/ranks/package", &numbers[2], H5T_NATIVE_INT64);
}

template <class T>
void Record::State::write_own(const std::string& name, const T* value, hid_t type) const {
  const hdf5::Dataset set(check(H5Dopen2(file.get(), name.c_str(), H5P_DEFAULT)));
  const hdf5::Space whole(check(H5Dget_space(set.get())));
  const hsize_t start = static_cast<hsize_t>(rank), count = 1;
  check(H5Sselect_hyperslab(whole.get(), H5S_SELECT_SET, &start, nullptr, &count, nullptr));
  check(H5Dwrite(set.get(), type, hdf5::space({&count, 1}).get(), whole.get(), H5P_DEFAULT, value));
}

// --- steps -----------------------------------------------------------------------------------------------------------

void Record::State::keep(const StepTimes& times, double aligned_start, const std::vector<double>& solver_values) {
  require(flushed + rows.kept() < steps, "no more steps are recorded than were planned");
  require(rank != 0 || solver_values.size() == values.size(), "one value is given for each solver quantity");
  if (flushed + rows.kept() == 0) {
    first_start = aligned_start;
    check_mpi(MPI_Bcast(&first_start, 1, MPI_DOUBLE, 0, comm.get()));
  }
  const auto step = static_cast<std::size_t>(rows.kept());
  for (std::size_t quantity = 0; quantity < values.size(); ++quantity) values[quantity][step] = solver_values[quantity];
  StepTimes row = times;
  row.start = aligned_start - first_start;
  rows.keep(row);
}

/// Whether to flush now; the same on all ranks. They look at the greatest age together, every 50 steps or every second,
/// whichever is sooner. If steps suddenly take t each, the oldest step kept is at most 1 s + 50 t old, so never older
/// than 2 s or 100 t, whichever is more. The age is real time (PMPI_Wtime) where MPI_Wtime is a virtual clock.
bool Record::State::due() {
  const std::int64_t kept = rows.kept();
  if (kept < next_look) return false;
  double age = PMPI_Wtime() - kept_since;
  check_mpi(MPI_Allreduce(MPI_IN_PLACE, &age, 1, MPI_DOUBLE, MPI_MAX, comm.get()));
  const bool flush_now = age >= oldest || kept == rows.capacity();
  const double step = std::max(age / static_cast<double>(kept), 1e-9), left = flush_now ? oldest : oldest - age;
  pause = std::clamp(static_cast<std::int64_t>(std::min(left / step, 1e9)), std::int64_t{1}, longest_pause);
  next_look = std::min(kept + pause, rows.capacity());
  return flush_now;
}

/// step_seconds goes last, when all ranks have written the rest, so a step that is there for all ranks is whole.
void Record::State::flush() {
  if (rows.kept() == 0) return;
  rows.deal_out();
  agree_on_writing(failure_of([this] {
    rows.write_all_but_step_seconds(flushed);
    if (rank == 0) write_solver();
  }));
  agree_on_writing(failure_of([this] { rows.write_step_seconds(flushed); }));
  agree_on_writing(failure_of([this] {
    if (rank == 0) structure->set_steps_completed(flushed + rows.kept());
  }));
  flushed += rows.kept();
  rows.forget();
  next_look = std::min(pause, rows.capacity());
  kept_since = PMPI_Wtime();
}

/// One value a step, from this rank.
void Record::State::write_solver() const {
  const hsize_t start = static_cast<hsize_t>(flushed), count = static_cast<hsize_t>(rows.kept());
  const hdf5::Space memory = hdf5::space({&count, 1});
  for (std::size_t quantity = 0; quantity < solver.size(); ++quantity) {
    const hdf5::Space whole(check(H5Dget_space(solver[quantity].get())));
    check(H5Sselect_hyperslab(whole.get(), H5S_SELECT_SET, &start, nullptr, &count, nullptr));
    check(H5Dwrite(solver[quantity].get(), H5T_NATIVE_DOUBLE, memory.get(), whole.get(), H5P_DEFAULT,
                   values[quantity].data()));
  }
}

void Record::State::finish(const RecordEnd& end) {
  flush();
  rows.close();
  solver.clear();
  file.reset();  // before the structure may grow: closing sets the file's size to what the handle knows
  agree_on_writing(failure_of([&] {
    if (rank == 0) structure->finish(end);
  }));
}

Record::State::~State() {
  // While an exception unwinds, other ranks may not come to a collective close. HDF5 keeps an abandoned file open until
  // MPI finalizes, and closes it there.
  if (std::uncaught_exceptions() > exceptions_at_birth && file) H5Iinc_ref(file.get());
}

// --- the door --------------------------------------------------------------------------------------------------------

Record::Record(MPI_Comm comm, const std::string& path, bool force, const RecordHeader& header,
               const MachineReport& machine)
    : state_(std::make_unique<State>(comm, path, force, header, machine)) {}
Record::Record(Record&&) noexcept = default;
Record::~Record() = default;

void Record::append(const StepTimes& times, double aligned_start, const std::vector<double>& solver) {
  require(static_cast<bool>(state_->file), "a finished record takes no more steps");
  state_->keep(times, aligned_start, solver);
  if (state_->due()) state_->flush();
}

void Record::flush() { state_->flush(); }
std::int64_t Record::flushed() const noexcept { return state_->flushed; }

void Record::finish(const RecordEnd& end) {
  require(static_cast<bool>(state_->file), "a record is finished once");
  state_->finish(end);
}

}  // namespace haloscope
