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
#include <limits>
#include <optional>
#include <system_error>

#include "haloscope/base/agreement.hpp"
#include "haloscope/base/errors.hpp"
#include "haloscope/record/hdf5.hpp"
#include "record/structure.hpp"

namespace haloscope {

using hdf5::check;

namespace {

constexpr std::int64_t longest_pause = 50;     ///< steps between two looks at the age of what is kept back
constexpr double oldest = 1.0;                 ///< age at which it is flushed [s]; with the steps to the next look, 2 s
constexpr std::int64_t most_kept = 8192;       ///< steps; 7.5 MB
constexpr int most_writers = 64;               ///< ranks that write a flush
constexpr std::int64_t most_received = 50000;  ///< rows that one of them holds; 46 MB
constexpr std::size_t fill_block = std::size_t{4} << 20;  ///< [bytes]

template <class T>
constexpr T missing = std::numeric_limits<T>::has_quiet_NaN ? std::numeric_limits<T>::quiet_NaN() : T{-1};
hid_t type_of(double) { return H5T_NATIVE_DOUBLE; }
hid_t type_of(std::int64_t) { return H5T_NATIVE_INT64; }

/// One step of one rank as it travels to the rank that writes it; of each phase by its place in the file.
struct Row {
  double step_seconds, step_start_seconds;
  PerPhase<double> phase_seconds, point_to_point_seconds, collective_seconds, compute_seconds, ideal_seconds;
  PerPhase<std::int64_t> messages, bytes, collectives;
};
static_assert(sizeof(Row) == 8 * (2 + 8 * static_cast<std::size_t>(n_phases)));

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

/// Why @p path cannot become a run file, empty when it can.
std::string objection(const std::string& path, const std::string& partial, bool force) {
  struct stat found {};
  if (::stat(path.c_str(), &found) == 0) {
    if (S_ISDIR(found.st_mode)) return fmt::format("{}: is a directory: name a file", path);
    if (!force) return fmt::format("{}: exists: name another file with --output, or overwrite it with --force", path);
  }
  std::FILE* const file = std::fopen(partial.c_str(), "w");
  if (file == nullptr) return fmt::format("{}: cannot be written: {}", path, std::generic_category().message(errno));
  std::fclose(file);
  return {};
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
  void fill();
  void write_place(const RankPlace& place, const RecordExtents& extents) const;
  void agree_on_writing(const std::string& failure) const;
  void keep(const StepTimes& times, double aligned_start, const std::vector<double>& solver_values);
  bool due();
  void flush();
  void finish(const RecordEnd& end);
  template <class T>
  void fill(const hdf5::Dataset& set) const;
  void exchange();
  template <class T, class Part>
  void write(const hdf5::Dataset& set, Part part);
  void write_solver() const;
  template <class T>
  void write_own(const std::string& name, const T* value, hid_t type) const;

  Communicator comm;
  int rank = 0, ranks = 1;
  std::string path, partial;
  std::vector<Phase> phases;
  std::int64_t steps = 0, capacity = 0;
  std::int64_t flushed = 0, kept = 0;
  std::int64_t next_look = 1;  ///< steps kept at which all ranks compare ages
  std::int64_t pause = 1;      ///< steps from one look to the next
  double first_start = 0;      ///< rank 0's clock [s]
  double kept_since = 0;       ///< end of the last flush, by this machine's clock [s]
  int exceptions_at_birth = std::uncaught_exceptions();

  std::optional<RecordStructure> structure;  ///< on rank 0
  hdf5::File file;                           ///< the parallel handle
  hdf5::Dataset step_seconds, step_start_seconds, phase_seconds, point_to_point_seconds, collective_seconds;
  hdf5::Dataset compute_seconds, ideal_seconds;  ///< virtual clock only, else null
  hdf5::Dataset messages, bytes, collectives;
  std::vector<hdf5::Dataset> solver;

  int writers = 1;
  std::vector<Row> rows;                            ///< kept back
  std::vector<std::vector<double>> values;          ///< likewise, of each solver quantity
  std::vector<Row> received;                        ///< during a flush: (rank, step) of the steps that this rank writes
  std::int64_t first_received = 0, n_received = 0;  ///< these steps, counted from the first kept
};

// --- creating --------------------------------------------------------------------------------------------------------

Record::State::State(MPI_Comm world, const std::string& where, bool force, const RecordHeader& header,
                     const MachineReport& machine)
    : comm(make_communicator(world)),
      path(where),
      partial(where + ".part"),
      phases(header.phases),
      steps(header.steps) {
  require(header.steps >= 1, "a record has at least one step");
  check_mpi(MPI_Comm_rank(comm.get(), &rank));
  check_mpi(MPI_Comm_size(comm.get(), &ranks));
  writers = std::min(ranks, most_writers);
  capacity = std::min(steps, std::clamp(most_received * writers / ranks, std::int64_t{100}, most_kept));
  rows.resize(static_cast<std::size_t>(capacity));
  if (rank == 0) values.assign(header.solver_quantities.size(), std::vector<double>(rows.size()));
  kept_since = PMPI_Wtime();
  hdf5::be_silent();
  agree<UserError>(comm.get(), rank == 0 ? objection(path, partial, force) : std::string());
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
  all([&] { fill(); });
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
  const auto set = [this](const std::string& name) {
    return hdf5::Dataset(check(H5Dopen2(file.get(), name.c_str(), H5P_DEFAULT)));
  };
  step_seconds = set("/timing/step_seconds");
  step_start_seconds = set("/timing/step_start_seconds");
  phase_seconds = set("/timing/phase_seconds");
  point_to_point_seconds = set("/timing/point_to_point_seconds");
  collective_seconds = set("/timing/collective_seconds");
  if (header.clock == "virtual") {
    compute_seconds = set("/timing/compute_seconds");
    ideal_seconds = set("/timing/ideal_seconds");
  }
  messages = set("/timing/messages");
  bytes = set("/timing/bytes");
  collectives = set("/timing/collectives");
  for (const std::string& name : header.solver_quantities) solver.push_back(set("/solver/" + name));
}

/// Writes "missing" everywhere, each rank an equal run of steps.
void Record::State::fill() {
  for (const auto* set : {&step_seconds, &step_start_seconds, &phase_seconds, &point_to_point_seconds,
                          &collective_seconds, &compute_seconds, &ideal_seconds})
    if (*set) fill<double>(*set);
  for (const auto* set : {&messages, &bytes, &collectives}) fill<std::int64_t>(*set);
  for (const auto& set : solver) fill<double>(set);
}

template <class T>
void Record::State::fill(const hdf5::Dataset& set) const {
  const hdf5::Space whole(check(H5Dget_space(set.get())));
  std::vector<hsize_t> count = hdf5::extents(set.get());
  std::size_t step_size = 1;
  for (std::size_t axis = 1; axis < count.size(); ++axis) step_size *= count[axis];
  const auto block = static_cast<std::int64_t>(std::max<std::size_t>(1, fill_block / (step_size * sizeof(T))));
  const std::int64_t begin = steps * rank / ranks, end = steps * (rank + 1) / ranks;
  const std::vector<T> nothing(static_cast<std::size_t>(std::min(block, end - begin)) * step_size, missing<T>);
  std::vector<hsize_t> start(count.size(), 0);
  for (std::int64_t step = begin; step < end; step += block) {
    start[0] = static_cast<hsize_t>(step);
    count[0] = static_cast<hsize_t>(std::min(block, end - step));
    check(H5Sselect_hyperslab(whole.get(), H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr));
    check(H5Dwrite(set.get(), type_of(T{}), hdf5::space(count).get(), whole.get(), H5P_DEFAULT, nothing.data()));
  }
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
  require(flushed + kept < steps, "no more steps are recorded than were planned");
  require(rank != 0 || solver_values.size() == values.size(), "one value is given for each solver quantity");
  for (int p = 0; p < n_phases; ++p)
    require(times.phase_seconds[static_cast<std::size_t>(p)] == 0 || std::ranges::count(phases, Phase{p}) == 1,
            "time is spent in phases that are recorded, only");
  if (flushed + kept == 0) {
    first_start = aligned_start;
    check_mpi(MPI_Bcast(&first_start, 1, MPI_DOUBLE, 0, comm.get()));
  }
  const auto step = static_cast<std::size_t>(kept);
  Row& row = rows[step];
  row.step_seconds = times.seconds;
  row.step_start_seconds = aligned_start - first_start;
  for (std::size_t place = 0; place < phases.size(); ++place) {
    const auto p = static_cast<std::size_t>(phases[place]);
    row.phase_seconds[place] = times.phase_seconds[p];
    row.point_to_point_seconds[place] = times.point_to_point_seconds[p];
    row.collective_seconds[place] = times.collective_seconds[p];
    row.compute_seconds[place] = times.compute_seconds[p];
    row.ideal_seconds[place] = times.ideal_seconds[p];
    row.messages[place] = times.messages[p];
    row.bytes[place] = times.bytes[p];
    row.collectives[place] = times.collectives[p];
  }
  for (std::size_t quantity = 0; quantity < values.size(); ++quantity) values[quantity][step] = solver_values[quantity];
  ++kept;
}

/// Whether to flush now; the same on all ranks. They look at the greatest age together, every 50 steps or every second,
/// whichever is sooner. Were the steps to come suddenly slow, t each, the oldest kept would be 1 s + 50 t old, which
/// never is more than 2 s or 100 t. The age is real time (PMPI_Wtime) where MPI_Wtime is a virtual clock.
bool Record::State::due() {
  if (kept < next_look) return false;
  double age = PMPI_Wtime() - kept_since;
  check_mpi(MPI_Allreduce(MPI_IN_PLACE, &age, 1, MPI_DOUBLE, MPI_MAX, comm.get()));
  const bool flush_now = age >= oldest || kept == capacity;
  const double step = std::max(age / static_cast<double>(kept), 1e-9), left = flush_now ? oldest : oldest - age;
  pause = std::clamp(static_cast<std::int64_t>(std::min(left / step, 1e9)), std::int64_t{1}, longest_pause);
  next_look = std::min(kept + pause, capacity);
  return flush_now;
}

/// step_seconds goes last, when all ranks have written the rest, so a step that is there for all ranks is whole.
void Record::State::flush() {
  if (kept == 0) return;
  exchange();
  agree_on_writing(failure_of([this] {
    write<double>(step_start_seconds, [](const Row& row) { return &row.step_start_seconds; });
    write<double>(phase_seconds, [](const Row& row) { return row.phase_seconds.data(); });
    write<double>(point_to_point_seconds, [](const Row& row) { return row.point_to_point_seconds.data(); });
    write<double>(collective_seconds, [](const Row& row) { return row.collective_seconds.data(); });
    write<double>(compute_seconds, [](const Row& row) { return row.compute_seconds.data(); });
    write<double>(ideal_seconds, [](const Row& row) { return row.ideal_seconds.data(); });
    write<std::int64_t>(messages, [](const Row& row) { return row.messages.data(); });
    write<std::int64_t>(bytes, [](const Row& row) { return row.bytes.data(); });
    write<std::int64_t>(collectives, [](const Row& row) { return row.collectives.data(); });
    if (rank == 0) write_solver();
  }));
  agree_on_writing(
      failure_of([this] { write<double>(step_seconds, [](const Row& row) { return &row.step_seconds; }); }));
  agree_on_writing(failure_of([this] {
    if (rank == 0) structure->set_steps_completed(flushed + kept);
  }));
  flushed += kept;
  kept = 0;
  next_look = std::min(pause, capacity);
  kept_since = PMPI_Wtime();
}

/// Gives each writer an equal run of steps of all ranks, a long contiguous piece of every data set. HDF5's collective
/// transfer would do the same inside MPI-IO, but that of Open MPI 4.1 writes every step of every rank by a call of its
/// own (25 ms a second of 1 ms steps on two ranks) and reports success when the system refused to write.
void Record::State::exchange() {
  const auto at = [](int index) { return static_cast<std::size_t>(index); };
  std::vector<int> send(at(ranks), 0), send_from(at(ranks), 0), receive(at(ranks), 0), receive_at(at(ranks), 0);
  first_received = n_received = 0;
  for (int writer = 0; writer < writers; ++writer) {
    const auto to = static_cast<int>(std::int64_t{writer} * ranks / writers);
    const std::int64_t begin = kept * writer / writers, end = kept * (writer + 1) / writers;
    send_from[at(to)] = static_cast<int>(begin);
    send[at(to)] = static_cast<int>(end - begin);
    if (to != rank) continue;
    first_received = begin;
    n_received = end - begin;
  }
  for (int from = 0; from < ranks; ++from) {
    receive[at(from)] = static_cast<int>(n_received);
    receive_at[at(from)] = static_cast<int>(from * n_received);
  }
  received.resize(at(ranks) * static_cast<std::size_t>(n_received));
  MPI_Datatype row = MPI_DATATYPE_NULL;
  check_mpi(MPI_Type_contiguous(sizeof(Row), MPI_BYTE, &row));
  check_mpi(MPI_Type_commit(&row));
  const int code = MPI_Alltoallv(rows.data(), send.data(), send_from.data(), row, received.data(), receive.data(),
                                 receive_at.data(), row, comm.get());
  MPI_Type_free(&row);
  check_mpi(code);
}

/// Writes what was received, the @p part of each row, as (step, rank, …); nothing where the file has no such set. Not
/// collective.
template <class T, class Part>
void Record::State::write(const hdf5::Dataset& set, Part part) {
  if (n_received == 0 || !set) return;
  std::vector<hsize_t> count = hdf5::extents(set.get()), start(count.size(), 0);
  start[0] = static_cast<hsize_t>(flushed + first_received);
  count[0] = static_cast<hsize_t>(n_received);
  const std::size_t width = count.size() > 2 ? count[2] : 1, n = count[0];
  std::vector<T> block(n * count[1] * width);
  for (std::size_t step = 0; step < n; ++step)
    for (std::size_t from = 0; from < count[1]; ++from)
      std::copy_n(part(received[from * n + step]), width, &block[(step * count[1] + from) * width]);
  const hdf5::Space whole(check(H5Dget_space(set.get())));
  check(H5Sselect_hyperslab(whole.get(), H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr));
  check(H5Dwrite(set.get(), type_of(T{}), hdf5::space(count).get(), whole.get(), H5P_DEFAULT, block.data()));
}

/// One value a step, from this rank.
void Record::State::write_solver() const {
  const hsize_t start = static_cast<hsize_t>(flushed), count = static_cast<hsize_t>(kept);
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
  for (auto* set : {&step_seconds, &step_start_seconds, &phase_seconds, &point_to_point_seconds, &collective_seconds,
                    &compute_seconds, &ideal_seconds, &messages, &bytes, &collectives})
    set->reset();
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
