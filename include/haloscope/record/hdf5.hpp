// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file hdf5.hpp
/// HDF5 for the files of the record room, and for nobody else: owning handles, checked calls, attributes.
#define H5_USE_110_API  // one API for HDF5 1.10 and 1.14
#include <hdf5.h>

#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "haloscope/base/handles.hpp"

namespace haloscope::hdf5 {

/// HDF5 refused. The catcher knows whether the user's file or the machine is to blame.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Passes @p result of a call through. @throws Error with HDF5's innermost message when it is negative.
std::int64_t check(std::int64_t result);

/// Turns HDF5's own printing of errors off: they are thrown.
void be_silent();

template <herr_t (*close)(hid_t)>
struct Traits {
  using type = hid_t;
  static type null() noexcept { return H5I_INVALID_HID; }
  static void release(type& id) noexcept {
    int finalized = 0;
    MPI_Finalized(&finalized);  // may be asked at any time; HDF5 has closed everything when MPI finalized
    if (finalized == 0) close(id);
  }
};
using File = Handle<Traits<&H5Fclose>>;
using Group = Handle<Traits<&H5Gclose>>;
using Dataset = Handle<Traits<&H5Dclose>>;
using Attribute = Handle<Traits<&H5Aclose>>;
using Space = Handle<Traits<&H5Sclose>>;
using Type = Handle<Traits<&H5Tclose>>;
using Properties = Handle<Traits<&H5Pclose>>;
using Object = Handle<Traits<&H5Oclose>>;

/// For opening without MPI and without a lock: a file can be read while it is written.
[[nodiscard]] Properties serial_access();
/// The data space of @p extents; a scalar for none. An extent may be 0.
[[nodiscard]] Space space(std::span<const hsize_t> extents);
/// The dimensions of a data set.
[[nodiscard]] std::vector<hsize_t> extents(hid_t dataset);
[[nodiscard]] Type text_type();                    ///< UTF-8 of any length
[[nodiscard]] Type text_type(std::size_t length);  ///< UTF-8 of up to @p length bytes, padded with NUL

void write_attribute(hid_t object, const std::string& name, const std::string& text);
void write_attribute(hid_t object, const std::string& name, std::int64_t number);
void write_attribute(hid_t object, const std::string& name, const std::vector<std::string>& texts);

}  // namespace haloscope::hdf5
