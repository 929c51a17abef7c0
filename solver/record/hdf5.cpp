// SPDX-License-Identifier: BSD-3-Clause
#include "haloscope/record/hdf5.hpp"

#include <algorithm>

namespace haloscope::hdf5 {

namespace {

herr_t keep_first(unsigned, const H5E_error2_t* error, void* text) {
  auto& kept = *static_cast<std::string*>(text);
  if (kept.empty() && error->desc != nullptr) kept = error->desc;
  return 0;
}

void write(hid_t object, const std::string& name, hid_t type, hid_t extent, const void* data) {
  const Attribute attribute(check(H5Acreate2(object, name.c_str(), type, extent, H5P_DEFAULT, H5P_DEFAULT)));
  check(H5Awrite(attribute.get(), type, data));
}

}  // namespace

std::int64_t check(std::int64_t result) {
  if (result >= 0) return result;
  std::string text;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_first, &text);
  std::replace(text.begin(), text.end(), '\n', ' ');
  throw Error(text.empty() ? "HDF5 failed without a word" : text);
}

void be_silent() { check(H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr)); }

Properties serial_access() {
  Properties access(check(H5Pcreate(H5P_FILE_ACCESS)));
  check(H5Pset_file_locking(access.get(), false, true));
  return access;
}

Space space(std::span<const hsize_t> extents) {
  if (extents.empty()) return Space(check(H5Screate(H5S_SCALAR)));
  return Space(check(H5Screate_simple(static_cast<int>(extents.size()), extents.data(), nullptr)));
}

std::vector<hsize_t> extents(hid_t dataset) {
  const Space whole(check(H5Dget_space(dataset)));
  std::vector<hsize_t> sizes(static_cast<std::size_t>(check(H5Sget_simple_extent_ndims(whole.get()))));
  check(H5Sget_simple_extent_dims(whole.get(), sizes.data(), nullptr));
  return sizes;
}

Type text_type() { return text_type(H5T_VARIABLE); }

Type text_type(std::size_t length) {
  Type type(check(H5Tcopy(H5T_C_S1)));
  check(H5Tset_size(type.get(), length));
  check(H5Tset_cset(type.get(), H5T_CSET_UTF8));
  if (length != H5T_VARIABLE) check(H5Tset_strpad(type.get(), H5T_STR_NULLPAD));
  return type;
}

void write_attribute(hid_t object, const std::string& name, const std::string& text) {
  const char* const data = text.c_str();
  write(object, name, text_type().get(), space({}).get(), &data);
}

void write_attribute(hid_t object, const std::string& name, std::int64_t number) {
  write(object, name, H5T_NATIVE_INT64, space({}).get(), &number);
}

void write_attribute(hid_t object, const std::string& name, const std::vector<std::string>& texts) {
  std::vector<const char*> data;
  for (const std::string& text : texts) data.push_back(text.c_str());
  const hsize_t count = data.size();
  data.push_back(nullptr);  // HDF5 wants an address even for nothing
  write(object, name, text_type().get(), space({&count, 1}).get(), data.data());
}

}  // namespace haloscope::hdf5
