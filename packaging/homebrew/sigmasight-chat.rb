# SPDX-License-Identifier: MIT
# frozen_string_literal: true

# Builds both programs from a tarball of the release. SHA256SUMS of the release has the checksum.
class SigmasightChat < Formula
  desc "Ask the SigmaSight portfolio chat from a shell or a script"
  homepage "https://REPLACE-ME.invalid/"
  url "https://REPLACE-ME.invalid/sigmasight-chat-2.0.0.tar.xz"
  sha256 "REPLACE-ME"
  license "MIT"

  depends_on "pkgconf" => :build
  depends_on "libmicrohttpd"
  depends_on "yajl"
  uses_from_macos "curl"
  uses_from_macos "libedit"

  def install
    system "./configure", "--enable-mock", "--with-libedit=dlopen", "--disable-link-order", *std_configure_args
    system "make", "install"
  end

  test do
    (testpath/"answer.sse").write <<~SSE
      event: message
      data: {"delta":"Ten positions."}

      event: done
      data: {}

    SSE
    assert_equal "Ten positions.\n", shell_output("#{bin}/sigmasight-chat decode answer.sse")
  end
end
