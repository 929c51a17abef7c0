// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file structure.hpp
/// All of a run file but its rows: groups, attributes, extents. Rank 0 alone writes it, through serial HDF5, so
/// creating and finishing a file costs the same on any number of ranks, and the parallel handle never has metadata to
/// write.
///
/// Crash safety stands on three things. The file is in the oldest format: its metadata carries no checksums, so a write
/// torn by a signal leaves old or new bytes, both valid where only one number changes. During the run nothing but the
/// number steps_completed changes, in place. The finished structure (a second root group with links to the same data
/// sets) is written where nothing points to, into space taken beforehand; then one write of 40 bytes into the
/// superblock makes it the root (shadow paging). The price: the few kilobytes of the first root stay in the file,
/// unused.
#include <cstdint>
#include <map>
#include <string>

#include "haloscope/record/hdf5.hpp"
#include "haloscope/record/record.hpp"

namespace haloscope {

/// What the structure needs to know of all ranks together.
struct RecordExtents {
  int ranks = 1;
  std::size_t host_length = 1, cores_length = 1;  ///< longest text of any rank [bytes]
};

class RecordStructure {
 public:
  /// Creates the file at @p path, over whatever is there; rows take their place in the file but hold nothing yet.
  /// @throws hdf5::Error, std::system_error
  RecordStructure(const std::string& path, const RecordHeader& header, const MachineReport& machine,
                  const RecordExtents& extents);
  /// The file has been renamed; the handle stays good.
  void moved_to(const std::string& path) { path_ = path; }
  /// One write of a few kilobytes, in place. @throws hdf5::Error
  void set_steps_completed(std::int64_t steps);
  /// Adds checks, profiles and verdict, all at one instant, and closes. No other handle may be open.
  /// @throws hdf5::Error, std::system_error
  void finish(const RecordEnd& end);

 private:
  void write_root(hid_t root) const;

  std::string path_;
  std::map<std::string, std::string> text_;  ///< root attributes
  std::map<std::string, std::int64_t> number_;
  std::vector<std::string> invalid_reasons_, warnings_;
  hdf5::File file_;
  hdf5::Attribute steps_completed_;
};

}  // namespace haloscope
