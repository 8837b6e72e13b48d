# SPDX-License-Identifier: Apache-2.0
# make deb: the Debian package, built from the tarball into deb/ of the build folder.
EXTRA_DIST += %D%/changelog %D%/control %D%/copyright %D%/libapache2-mod-certmgr.dirs \
    %D%/libapache2-mod-certmgr.docs %D%/libapache2-mod-certmgr.postinst %D%/rules %D%/source/format

# dpkg-buildpackage writes its results above the source folder. The flags of the calling make are its
# own.
deb: dist-gzip
	rm -rf deb && $(MKDIR_P) deb
	tar -xzf $(distdir).tar.gz -C deb
	cd deb/$(distdir) && unset MAKEFLAGS MFLAGS MAKELEVEL && dpkg-buildpackage -us -uc -b
	rm -rf deb/$(distdir)
	@ls deb/*.deb

clean-local: clean-deb
clean-deb:
	rm -rf deb

.PHONY: deb clean-deb
