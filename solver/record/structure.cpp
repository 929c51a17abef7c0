// SPDX-License-Identifier: BSD-3-Clause
#include "record/structure.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "haloscope/base/build_info.hpp"
#include "haloscope/base/utc.hpp"
#include "record/columns.hpp"

namespace haloscope {

using hdf5::check;

namespace {

constexpr std::uint64_t slack = 1 << 20;  ///< more than the structure takes beside its texts and numbers [bytes]

/// A POSIX file descriptor, for what HDF5 has no call for.
class Descriptor {
 public:
  Descriptor(const std::string& path, int flags) : number_(::open(path.c_str(), flags, 0666)) {
    if (number_ < 0) fail();
  }
  ~Descriptor() { ::close(number_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int number() const noexcept { return number_; }
  [[noreturn]] static void fail() { throw std::system_error(errno, std::generic_category()); }

 private:
  int number_;
};

/// Takes @p bytes more at the end of the file. Then HDF5 meets no full disk halfway, after which it could not close the
/// file, and no order of its writes leaves a superblock that promises more than the file holds. Tries whether the file
/// could also grow by @p later bytes.
void reserve(const std::string& path, std::uint64_t bytes, int flags, std::uint64_t later = 0) {
  const Descriptor file(path, flags);
  const off_t size = ::lseek(file.number(), 0, SEEK_END);
  if (size < 0) Descriptor::fail();
  if (::ftruncate(file.number(), size + static_cast<off_t>(bytes + later)) != 0) Descriptor::fail();
  errno = ::posix_fallocate(file.number(), size, static_cast<off_t>(bytes));
  if (errno != 0) Descriptor::fail();
}

/// Makes the group at @p address the root: HDF5 File Format Specification 3.0, section II.A, superblock version 0,
/// whose root group symbol table entry (link name offset, object header address, cache type, reserved, scratch: section
/// III.C) is bytes 56 to 95. They lie in the first page, so not even a signal can tear the write.
void make_root(const std::string& path, haddr_t address) {
  const Descriptor file(path, O_RDWR);
  std::array<unsigned char, 16> head{};
  constexpr std::array<unsigned char, 9> expected{0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n', 0};
  if (::pread(file.number(), head.data(), head.size(), 0) != static_cast<ssize_t>(head.size())) Descriptor::fail();
  if (!std::equal(expected.begin(), expected.end(), head.begin()) || head[13] != sizeof(std::uint64_t))
    throw hdf5::Error("the superblock is not of version 0");
  std::array<unsigned char, 40> entry{};
  for (std::size_t byte = 0; byte < sizeof(std::uint64_t); ++byte)  // little-endian, as everything in the format
    entry[8 + byte] = static_cast<unsigned char>(address >> (8 * byte));
  if (::pwrite(file.number(), entry.data(), entry.size(), 56) != static_cast<ssize_t>(entry.size())) Descriptor::fail();
}

hdf5::Group create_group(hid_t parent, const std::string& name) {
  return hdf5::Group(check(H5Gcreate2(parent, name.c_str(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT)));
}

/// A contiguous data set that has its place in the file at once.
hdf5::Dataset create_dataset(hid_t parent, const std::string& name, hid_t type, std::vector<hsize_t> extents,
                             const void* fill = nullptr) {
  const hdf5::Properties how(check(H5Pcreate(H5P_DATASET_CREATE)));
  check(H5Pset_layout(how.get(), H5D_CONTIGUOUS));
  check(H5Pset_alloc_time(how.get(), H5D_ALLOC_TIME_EARLY));
  check(H5Pset_fill_time(how.get(), H5D_FILL_TIME_NEVER));
  check(H5Pset_obj_track_times(how.get(), false));
  if (fill != nullptr) check(H5Pset_fill_value(how.get(), type, fill));
  return hdf5::Dataset(
      check(H5Dcreate2(parent, name.c_str(), type, hdf5::space(extents).get(), H5P_DEFAULT, how.get(), H5P_DEFAULT)));
}

void write_data(hid_t parent, const std::string& name, hid_t type, std::vector<hsize_t> extents, const void* data) {
  // Texts are allocated late: HDF5 would fill an early one with references to nothing.
  const hdf5::Dataset set(
      check(H5Dcreate2(parent, name.c_str(), type, hdf5::space(extents).get(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT)));
  if (extents.empty() || extents[0] > 0) check(H5Dwrite(set.get(), type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data));
}

void write_reals(hid_t parent, const std::string& name, const std::vector<double>& data) {
  write_data(parent, name, H5T_NATIVE_DOUBLE, {data.size()}, data.data());
}

template <class Row, class Part>
void write_column(hid_t parent, const std::string& name, hid_t type, const std::vector<Row>& rows, Part part) {
  std::vector<decltype(part(rows[0]))> data;
  for (const Row& row : rows) data.push_back(part(row));
  write_data(parent, name, type, {data.size()}, data.data());
}

void write_checks(hid_t root, const std::vector<Check>& checks) {
  const hdf5::Group expect = create_group(root, "expect");
  const hid_t at = expect.get();
  const hdf5::Type text = hdf5::text_type();
  write_column(at, "name", text.get(), checks, [](const Check& row) { return row.name.c_str(); });
  write_column(at, "expected", H5T_NATIVE_DOUBLE, checks, [](const Check& row) { return row.expected; });
  write_column(at, "measured", H5T_NATIVE_DOUBLE, checks, [](const Check& row) { return row.measured; });
  write_column(at, "tolerance", H5T_NATIVE_DOUBLE, checks, [](const Check& row) { return row.tolerance; });
  write_column(at, "standard_error", H5T_NATIVE_DOUBLE, checks, [](const Check& row) { return row.standard_error; });
  write_column(at, "source", text.get(), checks, [](const Check& row) { return row.source.c_str(); });
  write_column(at, "pass", H5T_NATIVE_INT64, checks, [](const Check& row) -> std::int64_t { return row.pass; });
}

void write_profiles(hid_t root, const std::vector<LineProfile>& profiles) {
  const hdf5::Group group = create_group(root, "profiles");
  for (const LineProfile& profile : profiles) {
    const hdf5::Group one = create_group(group.get(), profile.name);
    write_reals(one.get(), "coordinate", profile.coordinate);
    write_reals(one.get(), "value", profile.value);
  }
}

void write_machine(hid_t root, const MachineReport& machine) {
  const hdf5::Group group = create_group(root, "machine");
  for (const auto& [name, value] : machine.facts) hdf5::write_attribute(group.get(), name, value);
  const char* const xml = machine.topology_xml.c_str();
  write_data(group.get(), "topology_xml", hdf5::text_type().get(), {}, &xml);
}

void create_rows(hid_t root, const RecordHeader& header, const RecordExtents& extents) {
  const auto steps = static_cast<hsize_t>(header.steps);
  const auto ranks = static_cast<hsize_t>(extents.ranks);
  std::vector<std::string> phases;
  for (const Phase phase : header.phases) phases.emplace_back(name(phase));
  const hdf5::Group timing = create_group(root, "timing");
  for (const Column& column : columns_of(header)) {
    std::vector<hsize_t> shape{steps, ranks};
    if (column.per_phase()) shape.push_back(phases.size());
    const Word missing = column.missing();
    (void)create_dataset(timing.get(), column.name, column.type(), shape, &missing);
  }
  const hdf5::Dataset labelled(check(H5Dopen2(timing.get(), "phase_seconds", H5P_DEFAULT)));
  hdf5::write_attribute(labelled.get(), "phases", phases);

  const hdf5::Group solver = create_group(root, "solver");
  for (const std::string& name : header.solver_quantities)
    (void)create_dataset(solver.get(), name, H5T_NATIVE_DOUBLE, {steps}, &missing_real);

  const hdf5::Group places = create_group(root, "ranks");
  (void)create_dataset(places.get(), "host", hdf5::text_type(extents.host_length).get(), {ranks});
  (void)create_dataset(places.get(), "logical_cores", hdf5::text_type(extents.cores_length).get(), {ranks});
  for (const char* const name : {"bound", "numa_node", "package"})
    (void)create_dataset(places.get(), name, H5T_NATIVE_INT64, {ranks}, &missing_count);
}

std::string mpi_library() {
  char text[MPI_MAX_LIBRARY_VERSION_STRING] = "";
  int length = 0;
  MPI_Get_library_version(text, &length);
  std::string version(text);  // ends where MPI says or at a NUL, whichever comes first
  while (!version.empty() && version.back() == '\n') version.pop_back();
  return version;
}

std::string hdf5_version() {
  unsigned major = 0, minor = 0, release = 0;
  check(H5get_libversion(&major, &minor, &release));
  return std::to_string(major) + '.' + std::to_string(minor) + '.' + std::to_string(release);
}

}  // namespace

RecordStructure::RecordStructure(const std::string& path, const RecordHeader& header, const MachineReport& machine,
                                 const RecordExtents& extents)
    : path_(path),
      text_(header.extra),
      number_(header.extra_numbers),
      invalid_reasons_{"the run did not finish"},
      warnings_(machine.warnings) {
  text_.insert({{"schema", "haloscope-run"},
                {"case_name", header.case_name},
                {"case_text", header.case_text},
                {"effective_case", header.effective_case},
                {"command_line", header.command_line},
                {"created_utc", now_utc()},
                {"haloscope_version", std::string(build_info::version)},
                {"git_commit", std::string(build_info::git_commit)},
                {"compiler", std::string(build_info::compiler)},
                {"compiler_flags", std::string(build_info::compiler_flags)},
                {"mpi_library", mpi_library()},
                {"hdf5_version", hdf5_version()},
                {"network", header.network},
                {"clock", header.clock}});
  number_.insert({{"schema_version", 1},
                  {"valid", 0},
                  {"ranks", extents.ranks},
                  {"nodes", machine.nodes},
                  {"ranks_per_node", machine.ranks_per_node},
                  {"seed", header.seed},
                  {"warmup_steps", header.warmup_steps},
                  {"steps_completed", 0}});

  std::size_t texts = machine.topology_xml.size();
  for (const auto& [name, text] : text_) texts += text.size();
  for (const auto& [name, text] : machine.facts) texts += text.size();
  std::size_t row = 0;
  for (const Column& column : columns_of(header)) row += column.width(header.phases.size());
  const auto step_size = static_cast<std::uint64_t>(extents.ranks) * row + header.solver_quantities.size();
  reserve(path, slack + 2 * texts, O_RDWR | O_CREAT | O_TRUNC,
          8 * step_size * static_cast<std::uint64_t>(header.steps));
  const hdf5::Properties access = hdf5::serial_access();
  {
    check(H5Pset_libver_bounds(access.get(), H5F_LIBVER_EARLIEST, H5F_LIBVER_LATEST));
    const hdf5::File file(check(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access.get())));
    const hdf5::Group root(check(H5Gopen2(file.get(), "/", H5P_DEFAULT)));
    write_root(root.get());
    create_rows(root.get(), header, extents);
    write_machine(root.get(), machine);
    for (const char* const name : {"expect", "profiles"}) (void)create_group(root.get(), name);
    check(H5Fflush(file.get(), H5F_SCOPE_LOCAL));
  }
  // Opened anew, the library holds no half-used blocks: from here on a flush writes the root's attributes and no more.
  file_ = hdf5::File(check(H5Fopen(path.c_str(), H5F_ACC_RDWR, access.get())));
  steps_completed_ = hdf5::Attribute(check(H5Aopen(file_.get(), "steps_completed", H5P_DEFAULT)));
}

void RecordStructure::write_root(hid_t root) const {
  for (const auto& [name, text] : text_) hdf5::write_attribute(root, name, text);
  for (const auto& [name, number] : number_) hdf5::write_attribute(root, name, number);
  hdf5::write_attribute(root, "invalid_reasons", invalid_reasons_);
  hdf5::write_attribute(root, "warnings", warnings_);
}

void RecordStructure::set_steps_completed(std::int64_t steps) {
  check(H5Awrite(steps_completed_.get(), H5T_NATIVE_INT64, &steps));
  check(H5Fflush(file_.get(), H5F_SCOPE_LOCAL));
  number_["steps_completed"] = steps;
}

void RecordStructure::finish(const RecordEnd& end) {
  number_["valid"] = end.valid;
  invalid_reasons_ = end.invalid_reasons;
  warnings_ = end.warnings;
  for (const auto& [name, text] : end.extra) text_[name] = text;
  for (const auto& [name, number] : end.extra_numbers) number_[name] = number;
  steps_completed_.reset();
  file_.reset();

  std::size_t size = 0;
  for (const auto& [name, text] : text_) size += text.size();
  for (const std::string& text : invalid_reasons_) size += text.size();
  for (const std::string& text : warnings_) size += text.size();
  for (const Check& row : end.checks) size += row.name.size() + row.source.size() + 110;
  for (const LineProfile& profile : end.profiles) size += 2000 + 16 * profile.value.size();
  reserve(path_, slack + 2 * size, O_RDWR);

  H5O_info_t info{};
  {
    const hdf5::Properties access = hdf5::serial_access();
    check(H5Pset_libver_bounds(access.get(), H5F_LIBVER_EARLIEST, H5F_LIBVER_LATEST));
    const hdf5::File file(check(H5Fopen(path_.c_str(), H5F_ACC_RDWR, access.get())));
    const hdf5::Group root(check(H5Gcreate_anon(file.get(), H5P_DEFAULT, H5P_DEFAULT)));
    check(H5Oincr_refcount(root.get()));  // else the group, which no link names, would go when it is closed
    write_root(root.get());
    for (const char* const name : {"timing", "solver", "ranks", "machine"})
      check(H5Lcreate_hard(file.get(), name, root.get(), name, H5P_DEFAULT, H5P_DEFAULT));
    write_checks(root.get(), end.checks);
    write_profiles(root.get(), end.profiles);
    check(H5Oget_info(root.get(), &info));
    check(H5Fflush(file.get(), H5F_SCOPE_LOCAL));
  }
  make_root(path_, info.addr);
}

}  // namespace haloscope
